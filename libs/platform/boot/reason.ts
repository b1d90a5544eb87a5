/**
 * Describes an error at boot that PostgreSQL or Redis has caused, as one sentence with the server, its host and port, and never
 * its password. The drivers do not name them: pg reports only the error of the socket, and ioredis only that its retries are
 * used up.
 */
import { DomainError } from '#kernel';
import { connectRedis } from '#platform/streams';

interface Servers {
  readonly DATABASE_URL?: string;
  readonly REDIS_URL?: string;
}

const POSTGRES_PORT = 5_432;
const REDIS_PORT = 6_379;
const ATTEMPTS_OVER = new Set(['MaxRetriesPerRequestError', 'ReplyError']);
/** Messages of ioredis errors that have no specific name: the connection broke during a command, or no reply arrived. */
const REDIS_SILENT = /^(Connection is closed\.|Command timed out)$/;
/** Messages of pg errors that have no code; see database/failures.ts. */
const DATABASE_SILENT = /^(Connection terminated|timeout expired|timeout exceeded when trying to connect)/;

/** Undefined when neither server has caused the error. */
export async function reasonNotStarted(error: unknown, servers: Servers): Promise<string | undefined> {
  if (!(error instanceof Error)) return undefined;
  if (servers.REDIS_URL && (ATTEMPTS_OVER.has(error.name) || REDIS_SILENT.test(error.message)))
    return redisReason(error, servers.REDIS_URL);
  if (error instanceof DomainError && error.code !== 'database_unavailable')
    return `${error.code}: ${oneLine(error.message)}`;
  if (!servers.DATABASE_URL) return undefined;
  const database = `PostgreSQL at ${placeOf(servers.DATABASE_URL, POSTGRES_PORT)}`;
  const cause = error instanceof DomainError && error.cause instanceof Error ? error.cause : error;
  // The server has answered. A FATAL error concerns the connection, any lower severity a statement.
  if ('severity' in cause)
    return cause.severity === 'FATAL' ? `${database} refuses: ${oneLine(cause.message)}` : oneLine(cause.message);
  if (isFromSocket(cause) || DATABASE_SILENT.test(cause.message))
    return `${database} cannot be reached: ${wordsOf(cause)}`;
  return undefined;
}

/** The failed command does not carry the cause, so this connects once more and listens to the connection's error. */
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

/** A host name with two addresses fails with an AggregateError, whose message is empty. */
function wordsOf(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map((one) => oneLine((one as Error).message)).join(', ');
  return oneLine(error.message);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, '; ');
}
