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
