import fc from 'fast-check';
import {
  debtAfter,
  type EnteredState,
  expectedHold,
  expectedStates,
  type Happening,
} from '#testing/billing/access-reference-model';
import { sampleSize } from '#testing/sample';
import { ACCESS_STATES, accessStates, type AccessState } from './access-states.js';
import {
  type AccessDecision,
  type AccessFacts,
  CLOSING_AFTER_DAYS,
  decideAccess,
  decideRestoration,
  type Episode,
  GRACE_HOURS,
  graceDeadline,
  suspendedSpans,
} from './access.js';
import { NOTICE_STEPS, type NoticeStep } from './dunning.js';
import type { HoldCause } from './holds.js';

const RUNS = { numRuns: sampleSize(300, 3_000) };
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOTICE = new Date('2026-03-01T10:00:00.000Z');
const after = (ms: number) => new Date(NOTICE.getTime() + ms);

const warned: Episode = {
  openedAt: NOTICE,
  noticeAt: NOTICE,
  extendedUntil: null,
  isNoticeHandedOver: true,
  suspendedAt: null,
  isClosingConfirmed: false,
  recordedSteps: ['opened'],
};
const owing: AccessFacts = {
  state: 'active',
  episode: null,
  pastDue: 5_000n,
  inFlight: 0n,
  tolerance: 100n,
  trialEndsAt: null,
  hasPaid: true,
  holds: [],
  decidedAsOf: null,
};
const inGrace: AccessFacts = { ...owing, state: 'grace', episode: warned };
const suspendedAt = after(GRACE_HOURS * HOUR);
const suspended: AccessFacts = {
  ...owing,
  state: 'suspended',
  episode: { ...warned, suspendedAt, recordedSteps: ['opened', 'final_warning', 'suspended'] },
  holds: ['billing'],
};
const paid = { pastDue: 0n, inFlight: 0n };

describe('access states', () => {
  it('allow exactly the documented transitions', () => {
    const drawn = ACCESS_STATES.flatMap((from) =>
      ACCESS_STATES.filter((to) => accessStates.allows(from, to)).map((to) => `${from} ${to}`),
    );
    expect(drawn).toEqual([
      'trialing active',
      'trialing grace',
      'active grace',
      'grace active',
      'grace suspended',
      'suspended active',
      'suspended closed',
    ]);
  });

  it('warn on the first pass that finds a debt, however old the debt is', () => {
    expect(decideAccess(owing, NOTICE)).toEqual({
      state: 'grace',
      transitions: [{ from: 'active', to: 'grace', cause: 'past_due' }],
      opensEpisode: { openedAt: NOTICE },
      notices: ['opened'],
      placesHolds: [],
      releasesHolds: [],
    });
  });

  it('suspend exactly 168 hours after the notice, and not a millisecond before', () => {
    expect(decideAccess(inGrace, after(168 * HOUR - 1)).state).toBe('grace');
    expect(decideAccess(inGrace, after(168 * HOUR))).toMatchObject({
      state: 'suspended',
      transitions: [{ from: 'grace', to: 'suspended', cause: 'grace_elapsed' }],
      notices: ['suspended'],
      placesHolds: ['billing'],
    });
  });

  it.each<[string, Partial<AccessFacts>]>([
    ['the debt is paid except for the tolerance', { pastDue: 100n }],
    ['all of it is being charged', { pastDue: 0n, inFlight: 5_000n }],
    ['the notice was not handed to the sender', { episode: { ...warned, isNoticeHandedOver: false } }],
    ['the notice is not recorded', { episode: { ...warned, noticeAt: null } }],
    ['an operator extended the grace', { episode: { ...warned, extendedUntil: after(168 * HOUR + 1) } }],
    ['the pass is older than the last decision', { decidedAsOf: after(168 * HOUR + 1) }],
  ])('do not suspend when %s', (_, facts) => {
    expect(decideAccess({ ...inGrace, ...facts }, after(168 * HOUR)).state).not.toBe('suspended');
  });

  it('let an extension move the deadline later, never earlier', () => {
    expect(graceDeadline({ ...warned, extendedUntil: after(200 * HOUR) })).toEqual(after(200 * HOUR));
    expect(graceDeadline({ ...warned, extendedUntil: after(HOUR) })).toEqual(after(168 * HOUR));
    expect(graceDeadline({ ...warned, noticeAt: null, extendedUntil: after(HOUR) })).toBeNull();
    const extended = { ...inGrace, episode: { ...warned, extendedUntil: after(200 * HOUR) } };
    expect(decideAccess(extended, after(200 * HOUR - 1)).state).toBe('grace');
    expect(decideAccess(extended, after(200 * HOUR)).state).toBe('suspended');
  });

  it('neither suspend nor restore while the debt is being charged: a retry gives no new grace period', () => {
    const charging = { pastDue: 0n, inFlight: 5_000n };
    for (const facts of [inGrace, suspended]) {
      const decision = decideAccess({ ...facts, ...charging }, after(400 * HOUR));
      expect(decision).toEqual({
        state: facts.state,
        transitions: [],
        notices: [],
        placesHolds: [],
        releasesHolds: [],
      });
    }
    expect(decideAccess({ ...owing, ...charging }, NOTICE).opensEpisode).toBeUndefined();
  });

  it('restore when the debt is paid, and lift the billing hold only', () => {
    const decision = decideRestoration(
      { ...suspended, ...paid, holds: ['admin', 'billing', 'fraud'] },
      after(DAY * 20),
    );
    expect(decision).toEqual({
      state: 'active',
      transitions: [{ from: 'suspended', to: 'active', cause: 'debt_settled' }],
      closesEpisode: { closedAt: after(DAY * 20) },
      notices: ['restored'],
      placesHolds: [],
      releasesHolds: ['billing'],
    });
  });

  it('never become more restrictive in the transaction of a payment', () => {
    for (const facts of [owing, inGrace, suspended, { ...suspended, episode: { ...warned, isClosingConfirmed: true } }])
      expect(decideRestoration(facts, after(400 * DAY)).transitions).toEqual([]);
  });

  it('close after 30 days of suspension, if a person confirmed it and the debt remains', () => {
    const confirmed: AccessFacts = { ...suspended, episode: { ...warned, suspendedAt, isClosingConfirmed: true } };
    const due = new Date(suspendedAt.getTime() + CLOSING_AFTER_DAYS * DAY);
    expect(decideAccess(confirmed, new Date(due.getTime() - 1)).state).toBe('suspended');
    expect(decideAccess(confirmed, due)).toMatchObject({ state: 'closed', notices: [] });
    expect(decideAccess(suspended, due).state).toBe('suspended');
    expect(decideAccess({ ...confirmed, ...paid }, due).state).toBe('active');
    expect(decideAccess({ ...confirmed, pastDue: 0n, inFlight: 5_000n }, due).state).toBe('suspended');
  });

  it.each<[string, Partial<AccessFacts>, AccessState]>([
    ['continues until its end', { ...paid, hasPaid: false, trialEndsAt: after(1) }, 'trialing'],
    ['continues until its end, also with a debt', { hasPaid: false, trialEndsAt: after(1) }, 'trialing'],
    ['ends with the first payment', { ...paid, trialEndsAt: after(1) }, 'active'],
    ['continues for a tenant that paid in part', { trialEndsAt: after(1) }, 'trialing'],
    ['ends in grace at its end, unpaid', { hasPaid: false, trialEndsAt: NOTICE }, 'grace'],
    ['ends active if nothing is due yet', { ...paid, hasPaid: false, trialEndsAt: NOTICE }, 'active'],
    ['waits for a charge under way', { pastDue: 0n, inFlight: 9_000n, trialEndsAt: NOTICE }, 'trialing'],
  ])('a trial %s', (_, facts, state) => {
    expect(decideAccess({ ...owing, state: 'trialing', ...facts }, NOTICE).state).toBe(state);
  });

  it('warn again if an episode is missing or left over, instead of using a deadline that is over', () => {
    const missing = decideAccess({ ...inGrace, episode: null }, after(400 * DAY));
    expect(missing).toMatchObject({ state: 'grace', transitions: [], notices: ['opened'] });
    expect(missing.opensEpisode).toEqual({ openedAt: after(400 * DAY) });
    const leftOver = decideAccess({ ...owing, episode: warned }, after(400 * DAY));
    expect(leftOver).toMatchObject({ state: 'grace', closesEpisode: {}, opensEpisode: {}, notices: ['opened'] });
  });

  it('count a suspension until the restoration, and without end if the tenant is closed', () => {
    const states = (['grace', 'suspended', 'active', 'grace', 'suspended', 'closed'] as const).map((to, index) => ({
      to,
      asOf: after(index * DAY),
    }));
    expect(suspendedSpans(states)).toEqual([
      { since: after(DAY), until: after(2 * DAY) },
      { since: after(4 * DAY), until: null },
    ]);
  });

  it('do not change for a closed tenant, paid or not', () => {
    for (const money of [paid, { pastDue: 5_000n }])
      expect(decideAccess({ ...suspended, state: 'closed', ...money }, after(400 * DAY))).toMatchObject({
        transitions: [],
        notices: [],
        releasesHolds: [],
      });
  });
});

/** A tenant that stores decisions in the same way as the caller of `decideAccess`. */
class Tenant {
  state: AccessState = 'active';
  episode: Episode | null = null;
  holds: readonly HoldCause[] = [];
  decidedAsOf: Date | null = null;
  readonly states: EnteredState[] = [];
  /** The recorded steps, episode by episode. */
  readonly recordedSteps: NoticeStep[][] = [];
  readonly #dues: { at: number; amount: bigint }[] = [];
  #payments = 0n;
  #charging = 0n;

  constructor(readonly tolerance: bigint) {}

  live(happening: Happening): void {
    const now = new Date(happening.at);
    switch (happening.kind) {
      case 'falls_due':
        this.#dues.push(happening);
        return;
      case 'pays':
        this.#payments += happening.amount;
        return this.apply(decideRestoration(this.facts(now), now), now);
      case 'charge_starts':
        this.#charging = happening.amount;
        return;
      case 'charge_ends':
        this.#charging = 0n;
        return;
      case 'is_extended':
        return this.amend({ extendedUntil: new Date(happening.until) });
      case 'notice_leaves':
        return this.amend({ isNoticeHandedOver: true });
      case 'closing_confirmed':
        return this.amend({ isClosingConfirmed: true });
      case 'hold_placed':
        this.holds = [...new Set([...this.holds, happening.cause])];
        return;
      case 'hold_lifted':
        this.holds = this.holds.filter((cause) => cause !== happening.cause);
        return;
      case 'pass':
        return this.apply(decideAccess(this.facts(now), now), now);
      case 'crashed_pass':
        decideAccess(this.facts(now), now);
        return;
      case 'stale_pass': {
        const asOf = new Date(happening.asOf);
        return this.apply(decideAccess(this.facts(asOf), asOf), asOf);
      }
    }
  }

  facts(asOf: Date): AccessFacts {
    const due = this.#dues.reduce((sum, { at, amount }) => (at <= asOf.getTime() ? sum + amount : sum), 0n);
    const debt = due > this.#payments ? due - this.#payments : 0n;
    const inFlight = this.#charging < debt ? this.#charging : debt;
    const { state, episode, holds, decidedAsOf, tolerance } = this;
    const pastDue = debt - inFlight;
    return { state, episode, holds, decidedAsOf, tolerance, pastDue, inFlight, trialEndsAt: null, hasPaid: true };
  }

  private amend(part: Partial<Episode>): void {
    if (this.episode) this.episode = { ...this.episode, ...part };
  }

  private apply(decision: AccessDecision, asOf: Date): void {
    // Plain checks instead of `expect`, because this runs some million times.
    if (decision.transitions.length > 1) throw new Error('more than one access state in one pass');
    for (const { from, to } of decision.transitions) {
      if (from !== this.state || !accessStates.allows(from, to))
        throw new Error(`transition not allowed: ${from} to ${to}`);
      this.states.push({ at: asOf.getTime(), to });
      if (to === 'suspended') this.amend({ suspendedAt: asOf });
    }
    this.state = decision.state;
    if (decision.opensEpisode) {
      if (this.episode) throw new Error('two episodes open at once');
      this.episode = { ...warned, openedAt: asOf, noticeAt: asOf, isNoticeHandedOver: false, recordedSteps: [] };
      this.recordedSteps.push([]);
    }
    this.recordedSteps.at(-1)?.push(...decision.notices);
    if (this.episode)
      this.episode = { ...this.episode, recordedSteps: [...this.episode.recordedSteps, ...decision.notices] };
    if (decision.closesEpisode) this.episode = null;
    this.holds = [...this.holds.filter((cause) => !decision.releasesHolds.includes(cause)), ...decision.placesHolds];
    if (this.decidedAsOf === null || asOf > this.decidedAsOf) this.decidedAsOf = asOf;
  }
}

/** A step of a history before its amounts and instants are computed. */
interface Step {
  readonly gap: number;
  readonly kind: Happening['kind'];
  readonly share: number;
  readonly cause: HoldCause;
}

const MINUTE = 60_000;
const GAPS = [
  0,
  1,
  10 * MINUTE,
  HOUR,
  DAY,
  24 * HOUR - 1,
  144 * HOUR,
  168 * HOUR - 1,
  168 * HOUR,
  168 * HOUR + 1,
  30 * DAY,
];
const KINDS: readonly Happening['kind'][] = [
  ...(['pass', 'pass', 'pass', 'pass', 'pass', 'pass', 'falls_due', 'falls_due', 'notice_leaves'] as const),
  ...(['notice_leaves', 'pays', 'is_extended', 'closing_confirmed', 'charge_starts', 'charge_ends'] as const),
  ...(['hold_placed', 'hold_lifted', 'crashed_pass', 'stale_pass'] as const),
];

const steps = (minLength: number, maxLength: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      gap: fc.oneof(fc.constantFrom(...GAPS), fc.integer({ min: 0, max: 400 * DAY })),
      kind: fc.constantFrom(...KINDS),
      share: fc.integer({ min: 0, max: 130 }),
      cause: fc.constantFrom<HoldCause>('admin', 'fraud'),
    }),
    { minLength, maxLength },
  );

/** A payment is a share of the debt at that moment: a part, all of it, or more than the debt. */
function historyOf(parts: readonly Step[]): readonly Happening[] {
  const history: Happening[] = [];
  let at = NOTICE.getTime();
  for (const { gap, kind, share, cause } of parts) {
    at += gap;
    const debt = debtAfter(history, history.length - 1);
    const part = debt > 0n ? (debt * BigInt(share)) / 100n : 0n;
    if (kind === 'falls_due') history.push({ at, kind, amount: BigInt(share * 3) });
    else if (kind === 'pays' || kind === 'charge_starts') history.push({ at, kind, amount: part });
    else if (kind === 'is_extended') history.push({ at, kind, until: at + share * 4 * HOUR });
    else if (kind === 'stale_pass') history.push({ at, kind, asOf: at - 1 - share * 4 * HOUR });
    else if (kind === 'hold_placed' || kind === 'hold_lifted') history.push({ at, kind, cause });
    else history.push({ at, kind });
  }
  return history;
}

function lived(history: readonly Happening[], tolerance: bigint): Tenant {
  const tenant = new Tenant(tolerance);
  for (const happening of history) tenant.live(happening);
  return tenant;
}

const tolerances = fc.constantFrom(0n, 1n, 50n, 200n);

describe('access states, over any history', () => {
  it('change exactly as in the reference model: on the first pass, never early, skipped or without debt', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(steps(10, 50), tolerances, (parts, tolerance) => {
        // A stale pass is older than an earlier decision; before the first decision no pass is stale.
        const history = historyOf([{ gap: 0, kind: 'pass', share: 0, cause: 'admin' }, ...parts]);
        const started = history.map((each) =>
          each.kind === 'stale_pass' && !overtaken(history, each)
            ? { at: each.at, kind: 'crashed_pass' as const }
            : each,
        );
        const tenant = lived(started, tolerance);
        expect(tenant.states).toEqual(expectedStates(started, tolerance));
        for (const { to } of tenant.states) seen.set(to, (seen.get(to) ?? 0) + 1);
        const expectedHolds = (['admin', 'fraud'] as const).filter((cause) => expectedHold(started, cause));
        const isCut = tenant.state === 'suspended' || tenant.state === 'closed';
        expect([...tenant.holds].sort()).toEqual([...expectedHolds, ...(isCut ? ['billing'] : [])].sort());
        expect(tenant.episode !== null).toBe(isCut || tenant.state === 'grace');
        for (const recordedSteps of tenant.recordedSteps) {
          expect(new Set(recordedSteps).size).toBe(recordedSteps.length);
          expect(recordedSteps.map((step) => NOTICE_STEPS.indexOf(step))).toEqual(
            recordedSteps.map((step) => NOTICE_STEPS.indexOf(step)).sort((a, b) => a - b),
          );
          expect(recordedSteps[0]).toBe('opened');
        }
      }),
      RUNS,
    );
    // The histories are a useful sample only if they reach every access state.
    for (const state of ['grace', 'suspended', 'active', 'closed'])
      expect(seen.get(state)).toBeGreaterThan(RUNS.numRuns / 30);
  });

  it('are the same with passes repeated, crashed before commit, or late', () => {
    fc.assert(
      fc.property(
        steps(0, 40),
        tolerances,
        fc.array(fc.nat(3), { minLength: 40, maxLength: 40 }),
        (parts, tolerance, extra) => {
          const history = historyOf(parts).filter(({ kind }) => kind !== 'stale_pass');
          const noisy = history.flatMap((each, index): Happening[] => {
            if (each.kind !== 'pass') return [each];
            const crashed: Happening = { at: each.at, kind: 'crashed_pass' };
            const late: Happening = { at: each.at, kind: 'stale_pass', asOf: each.at - 1 - (extra[index] ?? 0) * DAY };
            return [[each], [each, each], [crashed, each], [each, late, each, late]][extra[index] ?? 0] ?? [each];
          });
          const [plain, replayed] = [lived(history, tolerance), lived(noisy, tolerance)];
          expect(replayed.states).toEqual(plain.states);
          expect(replayed.recordedSteps).toEqual(plain.recordedSteps);
        },
      ),
      RUNS,
    );
  });

  it('only warn on the first pass after an outage of 1 to 400 days', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 400 * DAY }), fc.bigInt({ min: 1n, max: 10_000n })), {
          minLength: 1,
        }),
        fc.integer({ min: DAY, max: 400 * DAY }),
        (dues, outage) => {
          const tenant = new Tenant(0n);
          tenant.live({ at: NOTICE.getTime(), kind: 'pass' });
          for (const [gap, amount] of dues)
            tenant.live({ at: NOTICE.getTime() + (gap % outage), kind: 'falls_due', amount });
          const back = NOTICE.getTime() + outage;
          tenant.live({ at: back, kind: 'pass' });
          expect(tenant.state).toBe('grace');
          tenant.live({ at: back + 1, kind: 'notice_leaves' });
          tenant.live({ at: back + 168 * HOUR - 1, kind: 'pass' });
          expect(tenant.state).toBe('grace');
          tenant.live({ at: back + 168 * HOUR, kind: 'pass' });
          expect(tenant.state).toBe('suspended');
        },
      ),
      RUNS,
    );
  });

  it('end the same for any passes between the notice and the last asOf', () => {
    const facts = fc.array(
      fc.record({
        at: fc.integer({ min: 2, max: 168 * HOUR - 1 }),
        kind: fc.constantFrom('falls_due', 'pays', 'is_extended'),
        share: fc.integer({ min: 0, max: 95 }),
      }),
      { maxLength: 12 },
    );
    const passes = fc.array(fc.integer({ min: 0, max: 400 * HOUR }), { maxLength: 25 });
    const reached = new Map<AccessState, number>();
    fc.assert(
      fc.property(
        facts,
        passes,
        fc.integer({ min: 0, max: 400 * HOUR }),
        fc.boolean(),
        (parts, between, last, isPaid) => {
          const start = NOTICE.getTime();
          const opening: Happening[] = [
            { at: start, kind: 'falls_due', amount: 1_000_000n },
            { at: start, kind: 'pass' },
            { at: start + 1, kind: 'notice_leaves' },
          ];
          const story = [...opening];
          for (const { at, kind, share } of [...parts].sort((a, b) => a.at - b.at)) {
            if (kind === 'falls_due') story.push({ at: start + at, kind, amount: BigInt(share) });
            else if (kind === 'is_extended') story.push({ at: start + at, kind, until: start + at + share * 4 * HOUR });
            // A part of the debt only: this payment must neither end the episode nor move its clock.
            else story.push({ at: start + at, kind: 'pays', amount: debtAfter(story, story.length - 1) / 3n });
          }
          const ending: Happening[] = [{ at: start + last, kind: 'pass' }];
          if (isPaid) ending.push({ at: start + last, kind: 'pays', amount: 2_000_000n });
          const known = [...story.slice(3).filter(({ at }) => at <= start + last)];
          const visits = between.filter((at) => at <= last).map((at): Happening => ({ at: start + at, kind: 'pass' }));
          const busy = [...known, ...visits].sort((a, b) => a.at - b.at);
          const often = lived([...opening, ...busy, ...ending], 0n);
          const once = lived([...opening, ...known, ...ending], 0n);
          expect(often.state).toBe(once.state);
          expect(often.holds).toEqual(once.holds);
          reached.set(once.state, (reached.get(once.state) ?? 0) + 1);
        },
      ),
      RUNS,
    );
    for (const state of ['grace', 'suspended', 'active'] as const)
      expect(reached.get(state)).toBeGreaterThan(RUNS.numRuns / 30);
  });

  it('let a payment win before, after or during an enforcement pass', () => {
    const gaps = fc.oneof(fc.constantFrom(...GAPS), fc.integer({ min: 0, max: 400 * DAY }));
    const debts = fc.bigInt({ min: 1n, max: 1_000_000n });
    fc.assert(
      fc.property(gaps, debts, fc.constantFrom('before', 'after', 'overtaking'), (gap, amount, order) => {
        const start = NOTICE.getTime();
        const at = start + 168 * HOUR + gap;
        const payment: Happening = { at, kind: 'pays', amount };
        const pass: Happening = { at, kind: 'pass' };
        const meeting: Record<typeof order, readonly Happening[]> = {
          before: [payment, pass],
          after: [pass, payment],
          overtaking: [payment, { at, kind: 'stale_pass', asOf: at - 1 }],
        };
        const tenant = lived(
          [
            { at: start, kind: 'falls_due', amount },
            { at: start, kind: 'pass' },
            { at: start, kind: 'notice_leaves' },
            ...meeting[order],
          ],
          0n,
        );
        expect(`${tenant.state} ${tenant.holds.length} ${tenant.episode === null}`).toBe('active 0 true');
      }),
      RUNS,
    );
  });

  it('do not read the clock of the machine', () => {
    const decided = () => JSON.stringify([decideAccess(inGrace, suspendedAt), decideAccess(owing, NOTICE)]);
    const before = decided();
    const { now } = Date;
    for (const days of [-8, 8]) {
      Date.now = () => now() + days * DAY;
      expect(decided()).toBe(before);
    }
    Date.now = now;
  });

  it('give the suspended spans, so that whole periods inside them have no base fee', () => {
    fc.assert(
      fc.property(
        steps(0, 40),
        fc.integer({ min: 0, max: 600 * DAY }),
        fc.integer({ min: 1, max: 60 * DAY }),
        (parts, from, length) => {
          const { states } = lived(historyOf(parts), 0n);
          const spans = suspendedSpans(states.map(({ at, to }) => ({ to, asOf: new Date(at) })));
          const instant = new Date(NOTICE.getTime() + from + length);
          const last = states.filter(({ at }) => at <= instant.getTime()).at(-1)?.to;
          const isInside = spans.some(({ since, until }) => since <= instant && (until === null || instant < until));
          expect(isInside).toBe(last === 'suspended' || last === 'closed');
        },
      ),
      RUNS,
    );
  });
});

/** Whether an earlier pass or payment was newer than the `asOf` of this pass. */
function overtaken(history: readonly Happening[], stale: Happening & { readonly kind: 'stale_pass' }): boolean {
  return history
    .slice(0, history.indexOf(stale))
    .some(({ kind, at }) => (kind === 'pass' || kind === 'pays') && at > stale.asOf);
}
