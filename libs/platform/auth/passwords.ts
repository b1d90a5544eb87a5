/**
 * argon2id (RFC 9106) at 19 MiB and two passes, OWASP's floor. Hashing is bounded: each run holds 19 MiB and a core, so
 * callers beyond the limit wait in a queue, and are refused with `sign_in_busy` when the queue is full.
 */
import { hash, verify } from '@node-rs/argon2';
import { errorTable } from '#kernel';

const errors = errorTable({ sign_in_busy: ['unavailable', 'Too many sign-ins at once. Try again in a moment.'] });

/** `Algorithm.Argon2id`, written as a number because a file-by-file compiler cannot read ambient const enums. */
const ARGON2ID = 2;
const COST = { algorithm: ARGON2ID, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const CONCURRENT = 4;
const WAITING = 100;

let running = 0;
const line: (() => void)[] = [];

export function hashPassword(password: string): Promise<string> {
  return bounded(() => hash(password, COST));
}

/** An unknown account costs the same time as a wrong password: pass `undefined` and a decoy is verified instead. */
export async function verifyPassword(stored: string | undefined, password: string): Promise<boolean> {
  const matches = await bounded(async () => verify(stored ?? (await decoy()), password));
  return stored !== undefined && matches;
}

let decoyHash: Promise<string> | undefined;

function decoy(): Promise<string> {
  decoyHash ??= hash(crypto.randomUUID(), COST);
  return decoyHash;
}

async function bounded<Result>(work: () => Promise<Result>): Promise<Result> {
  if (running >= CONCURRENT) await turn();
  running += 1;
  try {
    return await work();
  } finally {
    running -= 1;
    line.shift()?.();
  }
}

function turn(): Promise<void> {
  if (line.length >= WAITING) {
    throw errors.sign_in_busy({ retryAfterSeconds: 2 });
  }
  return new Promise((resolve) => line.push(resolve));
}
