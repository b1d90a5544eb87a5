/**
 * Relay and worker are killed by kill -9 at every step of their protocol and at random moments, while stores keep writing. No
 * event may be lost, doubled or reordered.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { RelayStep } from '#platform/outbox/relay';
import type { WorkerStep } from '#platform/inbox/worker';
import { printFigures } from '#testing/print';
import { sampleSize } from '#testing/sample';
import { FaultProcess } from './processes.js';
import { CLEAN, FaultSystem, steadyWriters } from './system.js';

const RELAY_STEPS: readonly RelayStep[] = [
  'announced',
  'read',
  'publishing',
  'published',
  'saving',
  'saved',
  'trimmed',
];
const WORKER_STEPS: readonly WorkerStep[] = ['received', 'checked', 'applied', 'committed', 'acknowledged'];
const KILLS = Number(process.env['FAULT_KILLS'] ?? sampleSize(30, 210));
const EVENTS = Number(process.env['FAULT_EVENTS'] ?? sampleSize(2_000, 20_000));
/** Each kill and each event is progress; a slow machine takes longer for all of them together, not for one. */
const STALLED_AFTER_MS = 90_000;
/** Short, so that a successor takes over soon. The protocol does not depend on the length. */
const SHORTEST_LEASE_MS = 300;
const LONGEST_LEASE_MS = 3_000;
/** On a slow machine the writers wait for the others: a backlog that only grows would never be applied. */
const MOST_BEHIND = 2_000;

let system: FaultSystem;
/** How long a process takes to start here and now; what else takes time follows it. */
let startMs: number;
let leaseMs: number;

beforeAll(async () => {
  system = await FaultSystem.start(9);
  const from = performance.now();
  const relay = new FaultProcess('relay', system, { leaseMs: LONGEST_LEASE_MS });
  await relay.says(({ message }) => message === 'started');
  startMs = performance.now() - from;
  leaseMs = Math.round(Math.min(Math.max(startMs / 2, SHORTEST_LEASE_MS), LONGEST_LEASE_MS));
  await relay.stop();
});
afterAll(() => system.stop());

/** Two processes of one kind. Each is killed at a step of the protocol, in turn, and then replaced. */
class Slots {
  readonly killed = new Map<string, number>();
  private readonly running = new Set<FaultProcess>();
  private readonly loops: Promise<void>[] = [];
  private isDying = true;
  private isEnding = false;
  private turn = 0;

  constructor(
    private readonly kind: 'relay' | 'worker',
    private readonly steps: readonly string[],
  ) {
    for (let slot = 0; slot < 2; slot++) this.loops.push(this.keep());
  }

  get total(): number {
    return [...this.killed.values()].reduce((sum, count) => sum + count, 0);
  }

  get hasKilledAtEachStep(): boolean {
    return this.steps.every((step) => this.killed.has(step));
  }

  /** Kills the processes a last time; their successors run until the end of the test. */
  heal(): void {
    this.isDying = false;
    for (const process of this.running) process.signal('SIGKILL');
  }

  async end(): Promise<void> {
    this.isDying = false;
    this.isEnding = true;
    await Promise.all([...this.running].map((process) => process.stop()));
    await Promise.all(this.loops);
  }

  private async keep(): Promise<void> {
    while (!this.isEnding) {
      const turn = this.turn++;
      const step = this.steps[turn % this.steps.length]!;
      // Each term announces its token once.
      const nth = step === 'announced' ? 1 : 1 + Math.floor(Math.random() * 4);
      const process = new FaultProcess(this.kind, system, {
        leaseMs,
        ...(this.isDying ? { halt: { step, nth, signal: 'SIGKILL' as const } } : {}),
      });
      this.running.add(process);
      // Some are killed at a random moment.
      const patience = turn % 9 === 8 ? startMs * (1 + Math.random() * 2) : 8_000 + 4 * startMs;
      const timer = this.isDying ? setTimeout(() => process.signal('SIGKILL'), patience) : undefined;
      await process.exited;
      clearTimeout(timer);
      this.running.delete(process);
      if (!this.isDying) continue;
      const cause = process.said.find((said) => said.level === 'halt')?.message ?? 'at random';
      this.killed.set(cause, (this.killed.get(cause) ?? 0) + 1);
    }
  }
}

/** Resolves when the given number of processes was killed, every step was included, and the events are written. */
async function enough(relays: Slots, workers: Slots): Promise<void> {
  let [last, changedAt] = ['', Date.now()];
  for (;;) {
    const [kills, events] = [relays.total + workers.total, await system.written()];
    if (kills >= KILLS && events >= EVENTS && relays.hasKilledAtEachStep && workers.hasKilledAtEachStep) return;
    const now = `${kills} kills and ${events} events`;
    if (now !== last) [last, changedAt] = [now, Date.now()];
    if (Date.now() - changedAt > STALLED_AFTER_MS) throw new Error(`nothing happens after ${now}`);
    await pause(50);
  }
}

it(`loses, doubles and reorders nothing while ${KILLS} processes are killed at every step`, async () => {
  const relays = new Slots('relay', RELAY_STEPS);
  const workers = new Slots('worker', WORKER_STEPS);
  const writers = steadyWriters(system, 4, 30, MOST_BEHIND);
  const startedAt = Date.now();
  try {
    try {
      await enough(relays, workers);
    } finally {
      await writers.stop();
    }
    relays.heal();
    workers.heal();
    await system.quiet();
  } finally {
    await Promise.all([relays.end(), workers.end()]);
  }
  const verdict = await system.verdict();
  printFigures(`kills ${relays.total + workers.total} in ${Math.round((Date.now() - startedAt) / 1_000)} s:`, {
    relay: Object.fromEntries(relays.killed),
    worker: Object.fromEntries(workers.killed),
    ...verdict,
  });
  expect(verdict).toMatchObject(CLEAN);
  expect(verdict.events).toBeGreaterThanOrEqual(EVENTS);
  for (const step of RELAY_STEPS) expect(relays.killed.get(step) ?? 0).toBeGreaterThan(0);
  for (const step of WORKER_STEPS) expect(workers.killed.get(step) ?? 0).toBeGreaterThan(0);
}, 3_600_000);
