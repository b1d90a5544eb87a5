/**
 * Waiting for a state instead of for a time. The limit only ends a test that would never end: it is far longer than the state
 * takes on a machine that is busy with something else.
 */
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

const LIMIT_MS = 90_000;
const PAUSE_MS = 10;

export interface WaitOptions {
  readonly limitMs?: number;
  readonly pauseMs?: number;
}

/** Resolves when `isTrue` returns true. Rejects with `what` at the limit; an error of `isTrue` is passed on. */
export async function waitUntil(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  { limitMs = LIMIT_MS, pauseMs = PAUSE_MS }: WaitOptions = {},
): Promise<void> {
  for (const deadline = Date.now() + limitMs; !(await isTrue()); await pause(pauseMs))
    if (Date.now() > deadline) throw new Error(`${what}: not within ${limitMs} ms`);
}

/**
 * Checks that something does not happen: fails at once when `isTrue` returns false, and ends after `forMs`. On a slow
 * machine it only checks less often.
 */
export async function staysTrue(what: string, isTrue: () => boolean | Promise<boolean>, forMs: number): Promise<void> {
  for (const end = Date.now() + forMs; Date.now() < end; await pause(PAUSE_MS))
    if (!(await isTrue())) throw new Error(`${what}: no longer so`);
}

/** For the few tests in which the time itself is the subject: something lasts longer than a limit. Say in a comment which. */
export async function letPass(milliseconds: number): Promise<void> {
  await pause(milliseconds);
}

/** Until a statement in the database at `url` waits for a lock that the connection with the process id `holder` has. */
export async function waitUntilBlockedBy(url: string, holder: number): Promise<void> {
  const watcher = new pg.Client({ connectionString: url, application_name: 'waiting' });
  await watcher.connect();
  try {
    const blocked = 'select from pg_stat_activity where $1::int = any(pg_blocking_pids(pid))';
    await waitUntil('a statement waits', async () => (await watcher.query(blocked, [holder])).rows.length > 0);
  } finally {
    await watcher.end();
  }
}

/** The process id of a connection, for `waitUntilBlockedBy`. */
export async function processOf(client: pg.ClientBase): Promise<number> {
  return (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid;
}
