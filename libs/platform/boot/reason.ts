/**
 * What an error at boot says about the two stores, as one sentence with the store, its host and port, and never its password.
 * The drivers name neither: pg leaves only the socket's error, and ioredis says that it has tried often enough.
 */
import { DomainError } from '#kernel';
import { connectRedis } from '#platform/streams';

interface Stores {
  readonly DATABASE_URL?: string;
  readonly REDIS_URL?: string;
}

const POSTGRES_PORT = 5_432;
const REDIS_PORT = 6_379;
const ATTEMPTS_OVER = new Set(['MaxRetriesPerRequestError', 'ReplyError']);
/** What ioredis says without a name of its own: the connection broke under a command, or nothing came back. */
const REDIS_SILENT = /^(Connection is closed\.|Command timed out)$/;
/** What pg says without a code; see database/failures.ts. */
const DATABASE_SILENT = /^(Connection terminated|timeout expired|timeout exceeded when trying to connect)/;

/** Undefined when the error is about something else. */
export async function reasonNotStarted(error: unknown, stores: Stores): Promise<string | undefined> {
  if (!(error instanceof Error)) return undefined;
  if (stores.REDIS_URL && (ATTEMPTS_OVER.has(error.name) || REDIS_SILENT.test(error.message)))
    return redisReason(error, stores.REDIS_URL);
  if (error instanceof DomainError && error.code !== 'database_unavailable')
    return `${error.code}: ${oneLine(error.message)}`;
  if (!stores.DATABASE_URL) return undefined;
  const database = `PostgreSQL at ${placeOf(stores.DATABASE_URL, POSTGRES_PORT)}`;
  const cause = error instanceof DomainError && error.cause instanceof Error ? error.cause : error;
  // An answer of the server: fatal is about the connection, anything less about a statement on it.
  if ('severity' in cause)
    return cause.severity === 'FATAL' ? `${database} refuses: ${oneLine(cause.message)}` : oneLine(cause.message);
  if (isFromSocket(cause) || DATABASE_SILENT.test(cause.message))
    return `${database} cannot be reached: ${wordsOf(cause)}`;
  return undefined;
}

/** The command that failed no longer knows why; another attempt hears it from the connection itself. */
async function redisReason(error: Error, url: string): Promise<string> {
  const redis = connectRedis({ url, name: 'why' });
  let heard: Error | undefined;
  redis.on('error', (reason: Error) => (heard ??= reason));
  const isAnswering = await redis.ping().then(
    () => true,
    (refusal: Error) => {
      if (refusal.name === 'ReplyError') heard ??= refusal;
      return false;
    },
  );
  redis.disconnect();
  const place = `Redis at ${placeOf(url, REDIS_PORT)}`;
  if (isAnswering) return `${place} could not be reached, and answers by now: ${oneLine(error.message)}`;
  if (heard?.name === 'ReplyError') return `${place} refuses: ${oneLine(heard.message)}`;
  return `${place} cannot be reached: ${wordsOf(heard ?? error)}`;
}

function placeOf(url: string, port: number): string {
  const { hostname, port: given } = new URL(url);
  return `${hostname || 'localhost'}:${given || port}`;
}

function isFromSocket(error: Error): boolean {
  const { syscall } = error as NodeJS.ErrnoException;
  return syscall === 'connect' || syscall === 'getaddrinfo' || error instanceof AggregateError;
}

/** A name with two addresses fails with the errors of both, and no words of its own. */
function wordsOf(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map((one) => oneLine((one as Error).message)).join(', ');
  return oneLine(error.message);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, '; ');
}
