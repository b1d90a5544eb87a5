/**
 * Waiting for a state instead of for a time. The limit only ends a test that would never end: it is far longer than the state
 * takes on a machine that is busy with something else.
 */
import { setTimeout as pause } from 'node:timers/promises';

const LIMIT_MS = 90_000;
const PAUSE_MS = 10;

export interface WaitOptions {
  readonly limitMs?: number;
  readonly pauseMs?: number;
}

/** Resolves once `isTrue` answers yes. Rejects with `what` when it has not by the limit; an error of `isTrue` is passed on. */
export async function waitUntil(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  { limitMs = LIMIT_MS, pauseMs = PAUSE_MS }: WaitOptions = {},
): Promise<void> {
  for (const deadline = Date.now() + limitMs; !(await isTrue()); await pause(pauseMs))
    if (Date.now() > deadline) throw new Error(`${what}: not within ${limitMs} ms`);
}

/** For what must not happen: fails at once when `isTrue` answers no, and ends after `forMs`. A slow machine only sees less of it. */
export async function staysTrue(what: string, isTrue: () => boolean | Promise<boolean>, forMs: number): Promise<void> {
  for (const end = Date.now() + forMs; Date.now() < end; await pause(PAUSE_MS))
    if (!(await isTrue())) throw new Error(`${what}: no longer so`);
}

/** For the few tests in which the time itself is the subject: something lasts longer than a limit. Say in a comment which. */
export async function letPass(milliseconds: number): Promise<void> {
  await pause(milliseconds);
}

interface Asking {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/** Until a statement waits for a lock that the connection `holder` holds; `other` is asked about it. */
export async function waitUntilBlockedBy(holder: Asking, other: Asking): Promise<void> {
  const [own] = (await holder.query('select pg_backend_pid() as pid')).rows as { pid: number }[];
  const blocked = 'select from pg_stat_activity where $1::int = any(pg_blocking_pids(pid))';
  await waitUntil(
    'a statement waits for the lock',
    async () => (await other.query(blocked, [own!.pid])).rows.length > 0,
  );
}
