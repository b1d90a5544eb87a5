/**
 * PostgreSQL's errors as ours. Guards written in SQL raise SQLSTATE `BC` + three digits and carry code and kind of a domain
 * error, so that a refusal inside the database reads like one made in code.
 */
import { DomainError, ERROR_KINDS, type ErrorKind, errorTable } from '#kernel';

const errors = errorTable({ database_unavailable: ['unavailable', 'The database cannot be reached right now.'] });

const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';
const GUARD_CLASS = 'BC';
/** Connection lost, server shutting down, too many connections, and statements cut off by a timeout. */
const UNAVAILABLE = /^(08|53|57P0|57014|55P03|25P03)/;
/**
 * pg's messages, without a code, for a connection that was lost: during a query, before a query, or while connecting.
 */
const CONNECTION_LOST =
  /Connection terminated|is not queryable|timeout exceeded when trying to connect|timeout expired/;
const SOCKET_ERRORS = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH']);

interface PgError extends Error {
  code?: string;
  detail?: string;
  hint?: string;
  constraint?: string;
}

export function databaseFailure(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DomainError) return error;
  const { code = '', detail = '', hint = '' } = error as PgError;
  if (code.startsWith(GUARD_CLASS)) return guardRefusal(error, detail, hint);
  if (UNAVAILABLE.test(code) || SOCKET_ERRORS.has(code) || CONNECTION_LOST.test(error.message)) {
    return errors.database_unavailable({ retryAfterSeconds: 2, cause: error });
  }
  return error;
}

/** Errors without an SQLSTATE come from the connection itself; such a connection must not go back to the pool. */
export function connectionFault(error: unknown): Error | undefined {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return undefined;
  const isServerAnswer = 'severity' in cause;
  const isSocketFault = 'code' in cause && /^(E[A-Z]+|08|57P0)/.test(String(cause.code));
  return !isServerAnswer && (isSocketFault || CONNECTION_LOST.test(cause.message)) ? cause : undefined;
}

/** The transaction may run again from the start, because nothing of it was kept. */
export function isRetryable(error: unknown): boolean {
  const code = (error as PgError | undefined)?.code;
  return code === SERIALIZATION_FAILURE || code === DEADLOCK_DETECTED;
}

/** The constraint that a statement violated, or undefined if it failed otherwise. */
export function violatedConstraint(error: unknown): string | undefined {
  const { code, constraint } = (error ?? {}) as PgError;
  return code?.startsWith('23') ? constraint : undefined;
}

function guardRefusal(error: Error, code: string, kind: string): DomainError {
  const known = (ERROR_KINDS as readonly string[]).includes(kind) ? (kind as ErrorKind) : 'internal';
  return new DomainError(code || 'refused', known, error.message, { cause: error });
}
