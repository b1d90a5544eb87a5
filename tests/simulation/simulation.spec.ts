/**
 * Thousands of histories of relay and workers with crashes, pauses, flushes, failovers, repetitions and clock jumps, in
 * memory, made of the decision functions of the real processes. `SIMULATION_SEED=n` runs history n alone;
 * `SIMULATION_HISTORIES` and `SIMULATION_FROM` widen the search.
 */
import { printFigures } from '#testing/print';
import { sampleSize } from '#testing/sample';
import { type Mistakes, runHistory } from './history.js';

const HISTORIES = Number(process.env['SIMULATION_HISTORIES'] ?? sampleSize(1_000, 10_000));
const FROM = Number(process.env['SIMULATION_FROM'] ?? 1);
const seeds = process.env['SIMULATION_SEED']
  ? [Number(process.env['SIMULATION_SEED'])]
  : Array.from({ length: HISTORIES }, (_, n) => FROM + n);

it(`keeps E2 to E7 in ${seeds.length} histories`, () => {
  const totals = { histories: 0, events: 0, effects: 0, faults: 0, dead: 0, violated: 0 };
  const startedAt = performance.now();
  for (const seed of seeds) {
    const facts = runHistory(seed);
    totals.histories += 1;
    totals.events += facts.events;
    totals.effects += facts.effects;
    totals.faults += facts.faults;
    totals.dead += facts.dead;
    if (facts.violations.length > 0) {
      throw new Error(
        `history ${seed} broke:\n  ${facts.violations.join('\n  ')}\nreproduce it with SIMULATION_SEED=${seed}`,
      );
    }
  }
  printFigures(`simulated in ${Math.round(performance.now() - startedAt)} ms:`, totals);
  expect(totals.events).toBeGreaterThan(seeds.length);
}, 3_600_000);

const planted: Record<string, [keyof Mistakes, string]> = {
  'polls the outbox by id': ['pollsById', 'E2'],
  'acknowledges before it commits': ['acknowledgesFirst', 'E2'],
  'has no version gate': ['hasNoGate', 'E'],
  'keeps no inbox': ['keepsNoInbox', 'E3'],
  'accepts writes with an old fencing token': ['ignoresTokens', 'E7'],
  'never looks for what Redis lost': ['neverReconciles', 'E2'],
};

it.each(Object.entries(planted))('finds out a system that %s', (_, [mistake, broken]) => {
  const isNoticed = (seed: number) => {
    const { violations } = runHistory(seed, {
      [mistake]: true,
      ...(mistake === 'acknowledgesFirst' ? { neverReconciles: true } : {}),
    });
    return violations.some((violation) => violation.startsWith(broken));
  };
  const seeds = Array.from({ length: 2_000 }, (_, n) => n + 1);
  expect(seeds.some(isNoticed)).toBe(true);
});
