/**
 * The kinds of errors, a closed set. One filter maps the kind to an HTTP status, and one wrapper maps it to a retry or
 * a dead letter; code below a door depends on neither.
 */
export const ERROR_KINDS = [
  'malformed',
  'invalid',
  'unauthenticated',
  'payment_required',
  'forbidden',
  'not_found',
  'conflict',
  'precondition_failed',
  'too_many_requests',
  'misdirected',
  'unavailable',
  'internal',
] as const;

export type ErrorKind = (typeof ERROR_KINDS)[number];

export interface FieldError {
  /** JSON Pointer (RFC 6901) into the request body, or the parameter's name. */
  pointer: string;
  message: string;
}

export interface ErrorExtras {
  /** Replaces the table's message where the caller's own figures make it clearer. */
  message?: string;
  errors?: readonly FieldError[];
  /** Extra members of the problem document, safe to show. */
  details?: Readonly<Record<string, string | number | boolean | null>>;
  retryAfterSeconds?: number;
  cause?: unknown;
}

/** `code` is stable and public; `message` is safe to show to the caller who caused it. */
export class DomainError extends Error {
  readonly extras: ErrorExtras;

  constructor(
    readonly code: string,
    readonly kind: ErrorKind,
    message: string,
    extras: ErrorExtras = {},
  ) {
    super(message, extras.cause === undefined ? undefined : { cause: extras.cause });
    this.name = 'DomainError';
    this.extras = extras;
  }
}

export type ErrorTable = Readonly<Record<string, readonly [kind: ErrorKind, message: string]>>;

export interface KnownError {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly message: string;
}

const known = new Map<string, KnownError>();

/** Every error that this process can return, by code. The documentation of errors is made from it. */
export function knownErrors(): readonly KnownError[] {
  return [...known.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
}

/**
 * A room's errors: `const errors = errorTable({ quote_expired: ['conflict', 'The quote has expired.'] })`, then
 * `throw errors.quote_expired()`. A code without kind and message does not compile; rooms may use the same code, but
 * only for the same kind, because callers know it by its code alone.
 */
export function errorTable<const T extends ErrorTable>(
  table: T,
): { readonly [Code in keyof T]: (extras?: ErrorExtras) => DomainError } {
  const throwers = Object.entries(table).map(([code, [kind, message]]) => {
    remember({ code, kind, message });
    return [code, (extras?: ErrorExtras) => new DomainError(code, kind, extras?.message ?? message, extras)] as const;
  });
  return Object.fromEntries(throwers) as { [Code in keyof T]: (extras?: ErrorExtras) => DomainError };
}

function remember(error: KnownError): void {
  const before = known.get(error.code);
  if (before && before.kind !== error.kind)
    throw new Error(`${error.code} is ${before.kind} in one room and ${error.kind} in another`);
  if (!before) known.set(error.code, error);
}
