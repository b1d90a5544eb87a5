import fc from 'fast-check';
import { expectsRetry, ProviderModel } from '#testing/billing/access-reference-model';
import { sampleSize } from '#testing/sample';
import { GRACE_HOURS } from '../../access/domain/access.js';
import {
  applyResolution,
  type Attempt,
  type AttemptState,
  attemptStates,
  type ChargeFacts,
  isInFlight,
  type Lookup,
  markSent,
  nextAttempt,
  type Outcome,
  recordAnswer,
  resolveUnknown,
  RETRY_DAYS,
} from './attempts.js';

const RUNS = { numRuns: sampleSize(300, 3_000) };
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = new Date('2026-03-01T10:00:00.000Z');
const after = (ms: number) => new Date(START.getTime() + ms);

const created: Attempt = { state: 'created', decline: null, methodId: 'card-1', createdAt: START, sentAt: null };
const sent = markSent(created, START);
const unknown = recordAnswer(sent, { state: 'unknown' });
const declined = (decline: 'soft' | 'hard', at = START): Attempt => ({
  ...recordAnswer(sent, { state: 'declined', decline }),
  createdAt: at,
});
const NOT_FOUND: Lookup = { kind: 'not_found', lagMs: 0 };
const STATES: readonly AttemptState[] = ['created', 'sent', 'unknown', 'succeeded', 'declined'];

describe('a payment attempt', () => {
  it('allows every listed transition and no other', () => {
    expect(STATES.flatMap((from) => attemptStates.transitions[from].map((to) => `${from} ${to}`))).toEqual([
      'created sent',
      'sent sent',
      'sent unknown',
      'sent succeeded',
      'sent declined',
      'unknown sent',
      'unknown succeeded',
      'unknown declined',
    ]);
  });

  it('cannot be answered before it was sent', () => {
    expect(() => recordAnswer(created, { state: 'succeeded' })).toThrow(
      expect.objectContaining({ code: 'invalid_transition' }),
    );
  });

  it('leaves unknown by a lookup at the provider, never by an answer that comes too late', () => {
    expect(recordAnswer(unknown, { state: 'succeeded' })).toBe(unknown);
    const resolution = resolveUnknown(unknown, { kind: 'found', outcome: { state: 'succeeded' } }, after(HOUR));
    expect(applyResolution(unknown, resolution, after(HOUR)).state).toBe('succeeded');
  });

  it.each<[string, Lookup, number, string]>([
    ['is sent again with its key', { kind: 'not_found', lagMs: DAY }, DAY - 15 * MINUTE - 1, 'send_again'],
    ['is not sent while its key may end on the way', NOT_FOUND, DAY - 15 * MINUTE, 'wait key_expires'],
    ['is not given up before the key has ended', NOT_FOUND, DAY - 1, 'wait key_expires'],
    ['is given up after a day, if the provider knows for certain', NOT_FOUND, DAY, 'give_up'],
    ['waits while the search may lag behind', { kind: 'not_found', lagMs: DAY + 1 }, DAY, 'wait search_lag'],
    ['is given up once the search has caught up', { kind: 'not_found', lagMs: DAY + 1 }, DAY + 1, 'give_up'],
    ['waits while the provider is down, for ever if need be', { kind: 'unavailable' }, 400 * DAY, 'wait unavailable'],
    ['waits while the provider processes it', { kind: 'processing' }, 400 * DAY, 'wait processing'],
  ])('of unknown outcome %s', (_, lookup, ms, expected) => {
    const resolution = resolveUnknown(unknown, lookup, after(ms));
    expect('because' in resolution ? `${resolution.act} ${resolution.because}` : resolution.act).toBe(expected);
  });

  it('is sent again only by the later of the two clocks, and given up only by the earlier', () => {
    const resolve = (askedMs: number, nowMs: number) =>
      resolveUnknown(unknown, NOT_FOUND, after(askedMs), after(nowMs));
    expect(resolve(DAY - HOUR, DAY - 15 * MINUTE - 1)).toEqual({ act: 'send_again' });
    expect(resolve(DAY - HOUR, DAY - 15 * MINUTE)).toEqual({ act: 'wait', because: 'key_expires' });
    // A lookup that was asked before the key ended does not cover a call that was sent until then.
    expect(resolve(DAY - 1, 3 * DAY)).toEqual({ act: 'wait', because: 'key_expires' });
    expect(resolve(DAY, DAY)).toEqual({ act: 'give_up' });
    // A pass that works for a future instant does not use a key that has expired by then.
    expect(resolve(DAY - MINUTE, 0)).toEqual({ act: 'wait', because: 'key_expires' });
  });

  it('never sends a key that may be forgotten on arrival, and never gives up one that the provider remembers', () => {
    const moments = fc.integer({ min: 0, max: 3 * DAY });
    fc.assert(
      fc.property(moments, moments, fc.integer({ min: 0, max: DAY }), (asked, waited, lagMs) => {
        const now = asked + waited;
        const { act } = resolveUnknown(unknown, { kind: 'not_found', lagMs }, after(asked), after(now));
        if (act === 'send_again') expect(now + 15 * MINUTE).toBeLessThan(DAY);
        if (act === 'give_up') expect(asked).toBeGreaterThanOrEqual(DAY);
        if (asked >= Math.max(DAY, lagMs)) expect(act).toBe('give_up');
      }),
      RUNS,
    );
  });

  it('counts the lag of the search from the last time it was sent', () => {
    const again = recordAnswer(markSent(unknown, after(DAY - 1)), { state: 'unknown' });
    expect(resolveUnknown(again, { kind: 'not_found', lagMs: HOUR }, after(DAY))).toMatchObject({
      because: 'search_lag',
    });
    expect(resolveUnknown(again, { kind: 'not_found', lagMs: HOUR }, after(DAY + HOUR - 1))).toEqual({
      act: 'give_up',
    });
  });

  it('belongs to the process that made it for ten minutes, then counts as stranded', () => {
    for (const attempt of [created, sent]) {
      expect(resolveUnknown(attempt, NOT_FOUND, after(10 * MINUTE - 1))).toMatchObject({ because: 'in_hand' });
      expect(resolveUnknown(attempt, NOT_FOUND, after(10 * MINUTE))).toEqual({ act: 'send_again' });
    }
  });

  it('ends in the same state for any order and number of answers and lookups', () => {
    const outcomes = fc.constantFrom<Outcome>(
      { state: 'succeeded' },
      { state: 'declined', decline: 'soft' },
      { state: 'declined', decline: 'hard' },
    );
    const noise = fc.array(fc.constantFrom<Lookup['kind']>('found', 'processing', 'unavailable', 'not_found'), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(outcomes, noise, noise, fc.integer({ min: 0, max: DAY - 1 }), (outcome, before, later, ms) => {
        let attempt = unknown;
        for (const kind of [...before, 'found' as const, ...later]) {
          const lookup: Lookup =
            kind === 'found' ? { kind, outcome } : kind === 'not_found' ? { kind, lagMs: 0 } : { kind };
          attempt = applyResolution(attempt, resolveUnknown(attempt, lookup, after(ms)), after(ms));
        }
        expect(attempt.state).toBe(outcome.state);
        expect(recordAnswer(attempt, { state: 'declined', decline: 'soft' })).toBe(attempt);
      }),
      RUNS,
    );
  });
});

const facts: ChargeFacts = {
  owed: 5_000n,
  minimum: 50n,
  dueAt: START,
  noticeAt: null,
  methodId: 'card-1',
  attempts: [],
  tooSmall: null,
  notChargeable: [],
};
const act = (changed: Partial<ChargeFacts>, ms: number) => {
  const next = nextAttempt({ ...facts, ...changed }, after(ms));
  if (next.act === 'carry') return 'carry';
  return 'because' in next ? `${next.act} ${next.because}` : `${next.act} ${next.until.getTime() - START.getTime()}`;
};

describe('the next attempt', () => {
  it('is first made when the invoice is due, and not before', () => {
    expect(act({}, -1)).toBe('wait 0');
    expect(act({}, 0)).toBe('charge first');
  });

  it.each<[string, Partial<ChargeFacts>, string]>([
    ['nothing is owed', { owed: 0n }, 'none nothing_owed'],
    ['the provider never takes this amount', { notChargeable: [5_000n] }, 'none not_chargeable'],
    ['one is created', { attempts: [created] }, 'none in_flight'],
    ['one is sent', { attempts: [sent] }, 'none in_flight'],
    ['one is unknown', { attempts: [unknown, declined('soft')] }, 'none in_flight'],
    ['one succeeded', { attempts: [recordAnswer(sent, { state: 'succeeded' })] }, 'none already_charged'],
    ['there is no method', { methodId: null }, 'none no_method'],
    ['the method declined for good', { attempts: [declined('hard')], noticeAt: START }, 'none hard_decline'],
    ['it was declined and no grace has begun', { attempts: [declined('soft')] }, 'none no_grace'],
  ])('is none while %s', (_, changed, expected) => {
    expect(act(changed, 3 * DAY)).toBe(expected);
  });

  it('is replaced by carrying on a balance below the minimum of the plan or of the provider', () => {
    expect(act({ owed: 49n }, 0)).toBe('carry');
    expect(act({ owed: 50n }, 0)).toBe('charge first');
    expect(act({ owed: 50n, tooSmall: 50n }, 0)).toBe('carry');
    expect(act({ owed: 51n, tooSmall: 50n }, 0)).toBe('charge first');
    // Also after declines of the card, because they concern more than the remaining amount.
    expect(act({ owed: 49n, attempts: [declined('hard'), declined('soft')] }, DAY)).toBe('carry');
  });

  it('carries nothing on before the due date, during an attempt, after a success, or without a payment method', () => {
    const little = { owed: 49n };
    expect(act(little, -1)).toBe('wait 0');
    expect(act({ ...little, attempts: [unknown] }, 0)).toBe('none in_flight');
    const succeeded = recordAnswer(sent, { state: 'succeeded' });
    expect(act({ ...little, attempts: [succeeded] }, 0)).toBe('none already_charged');
    expect(act({ ...little, methodId: null }, 0)).toBe('none no_method');
  });

  it('charges another amount after the provider refused one for good, as a first attempt', () => {
    const refused: Attempt = { ...created, state: 'declined', decline: 'not_chargeable' };
    expect(act({ notChargeable: [5_001n], attempts: [refused] }, 0)).toBe('charge first');
    expect(act({ notChargeable: [5_000n], attempts: [refused], noticeAt: START }, 2 * DAY)).toBe('none not_chargeable');
  });

  it('is made on days 0, 2, 4 and 6 of the grace, then no more', () => {
    const attempts: Attempt[] = [declined('soft', after(-HOUR))];
    const charged: number[] = [];
    for (let hour = 0; hour < 400; hour++) {
      if (nextAttempt({ ...facts, dueAt: after(-DAY), noticeAt: START, attempts }, after(hour * HOUR)).act !== 'charge')
        continue;
      charged.push(hour / 24);
      attempts.push(declined('soft', after(hour * HOUR)));
    }
    expect(charged).toEqual([...RETRY_DAYS]);
    expect(act({ attempts, noticeAt: START }, 400 * HOUR)).toBe('none retries_spent');
    expect(Math.max(...RETRY_DAYS) * 24).toBeLessThan(GRACE_HOURS);
  });

  it('is made at once when the payment method changes, after a hard decline and after the last retry', () => {
    const attempts = [declined('hard'), declined('soft', after(6 * DAY))];
    expect(act({ attempts, noticeAt: START, methodId: 'card-2' }, 9 * DAY)).toBe('charge method_changed');
    expect(act({ attempts: [declined('soft')], methodId: 'card-2' }, 1)).toBe('charge method_changed');
  });

  it('does not charge a method again that was declined for good, not even after a change to another', () => {
    const other: Attempt = { ...declined('soft', after(HOUR)), methodId: 'card-2' };
    expect(act({ attempts: [declined('hard'), other], noticeAt: START }, 2 * DAY)).toBe('none hard_decline');
  });

  it('is made at once in place of one that never arrived, which used up no retry', () => {
    const lost = applyResolution(unknown, { act: 'give_up' }, after(DAY));
    expect(lost).toMatchObject({ state: 'declined', decline: 'never_arrived' });
    expect(act({ attempts: [lost] }, DAY)).toBe('charge first');
    expect(act({ attempts: [declined('soft', after(-1)), lost], noticeAt: START }, DAY)).toBe('charge retry');
  });

  it('is due exactly when the reference model expects, for any earlier attempts and any asOf', () => {
    const instants = fc.oneof(
      fc.constantFrom(...RETRY_DAYS.flatMap((day) => [day * DAY - 1, day * DAY, day * DAY + 1])),
      fc.integer({ min: -2 * DAY, max: 20 * DAY }),
    );
    fc.assert(
      fc.property(fc.array(instants, { minLength: 1, maxLength: 6 }), instants, (tries, now) => {
        const known = tries.filter((at) => at <= now);
        fc.pre(known.length > 0);
        const attempts = known.map((ms) => declined('soft', after(ms)));
        const next = nextAttempt({ ...facts, dueAt: after(-3 * DAY), noticeAt: START, attempts }, after(now));
        const triedAt = attempts.map(({ createdAt }) => createdAt.getTime());
        expect(next.act === 'charge').toBe(expectsRetry(START.getTime(), triedAt, after(now).getTime()));
      }),
      RUNS,
    );
  });
});

/** One invoice, its rows, and a worker that may crash at each step; rows survive, the worker's memory does not. */
class Collector {
  readonly rows: Attempt[] = [];
  noticeAt: Date | null = null;

  constructor(readonly provider: ProviderModel) {}

  visit(at: Date, steps: number, network: 'fine' | 'lost_before' | 'lost_after', outcome: Outcome): void {
    let left = steps;
    const dies = () => left-- <= 0;
    const index = this.rows.findIndex(isInFlight);
    const row = this.rows[index];
    if (row) {
      const resolution = resolveUnknown(row, this.provider.lookup(String(index), at.getTime()), at);
      if (dies()) return;
      this.rows[index] = applyResolution(row, resolution, at);
      if (resolution.act === 'send_again') this.call(index, at, network, outcome, dies);
    }
    const hasPaid = this.rows.some(({ state }) => state === 'succeeded');
    const owed = hasPaid ? 0n : 5_000n;
    const next = nextAttempt({ ...facts, owed, noticeAt: this.noticeAt, attempts: this.rows }, at);
    if (next.act !== 'charge' || dies()) return;
    this.rows.push({ ...created, createdAt: at });
    if (dies()) return;
    const latest = this.rows.length - 1;
    this.change(latest, (attempt) => markSent(attempt, at));
    this.call(latest, at, network, outcome, dies);
  }

  private call(index: number, at: Date, network: string, outcome: Outcome, dies: () => boolean): void {
    if (dies()) return;
    if (network === 'lost_before') return this.change(index, (row) => recordAnswer(row, { state: 'unknown' }));
    const answer = this.provider.charge(String(index), at.getTime(), outcome);
    if (dies()) return;
    this.change(index, (row) => recordAnswer(row, network === 'lost_after' ? { state: 'unknown' } : answer));
  }

  private change(index: number, by: (row: Attempt) => Attempt): void {
    const row = this.rows[index];
    if (row) this.rows[index] = by(row);
  }
}

describe('collecting an invoice', () => {
  it('charges once and records it, with a crash at any step, any answer and gaps of up to 60 hours', () => {
    const visits = fc.array(
      fc.record({
        gap: fc.oneof(
          fc.constantFrom(0, MINUTE, 10 * MINUTE, HOUR, DAY - MINUTE, DAY - 1, DAY, 2 * DAY),
          fc.integer({ min: 0, max: 60 * HOUR }),
        ),
        steps: fc.integer({ min: 0, max: 9 }),
        network: fc.constantFrom('fine', 'lost_before', 'lost_after'),
        outcome: fc.constantFrom<Outcome>({ state: 'succeeded' }, { state: 'declined', decline: 'soft' }),
      }),
      { maxLength: 25 },
    );
    const lags = fc.constantFrom(0, MINUTE, HOUR, 30 * HOUR, 70 * HOUR);
    let givenUp = 0;
    fc.assert(
      fc.property(visits, lags, (story, lagMs) => {
        const collector = new Collector(new ProviderModel(lagMs));
        let ms = 0;
        for (const { gap, steps, network, outcome } of story) {
          ms += gap;
          collector.visit(after(ms), steps, network, outcome);
          if (collector.rows.filter(isInFlight).length > 1) throw new Error('two attempts in flight');
          if (collector.rows.some(({ state }) => state === 'declined')) collector.noticeAt ??= after(ms);
        }
        // The failures end: the provider answers, the worker does not crash, and a new grace allows new retries.
        for (let quiet = 0; quiet < 8; quiet++) {
          ms += 36 * HOUR;
          collector.noticeAt = after(ms);
          collector.visit(after(ms), 99, 'fine', { state: 'succeeded' });
        }
        expect(collector.provider.succeeded).toBe(1);
        expect(collector.rows.filter(({ state }) => state === 'succeeded')).toHaveLength(1);
        expect(collector.rows.some(isInFlight)).toBe(false);
        givenUp += collector.rows.filter(({ decline }) => decline === 'never_arrived').length;
      }),
      RUNS,
    );
    expect(givenUp).toBeGreaterThan(20);
  });
});
