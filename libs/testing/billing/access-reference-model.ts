/**
 * A second, simple and slow implementation of access states, notices, holds and retries. It looks back over a whole
 * history instead of moving a state, and shares no code with the product; the specs compare the two. It also contains a
 * model of the provider, which forgets keys and answers late, as real providers do.
 */
import type { AccessState } from '../../engines/billing/access/domain/access-states.js';
import type { EffectiveAccess, HoldCause } from '../../engines/billing/access/domain/holds.js';
import type { Lookup, Outcome } from '../../engines/billing/collection/domain/attempts.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/**
 * Instants in milliseconds. A `stale_pass` carries an older `asOf`; a `crashed_pass` rolls back. Neither changes
 * anything.
 */
export type Happening = { readonly at: number } & (
  | { readonly kind: 'falls_due'; readonly amount: bigint }
  | { readonly kind: 'pays'; readonly amount: bigint }
  | { readonly kind: 'charge_starts'; readonly amount: bigint }
  | { readonly kind: 'charge_ends' }
  | { readonly kind: 'is_extended'; readonly until: number }
  | { readonly kind: 'notice_leaves' }
  | { readonly kind: 'closing_confirmed' }
  | { readonly kind: 'hold_placed'; readonly cause: HoldCause }
  | { readonly kind: 'hold_lifted'; readonly cause: HoldCause }
  | { readonly kind: 'pass' }
  | { readonly kind: 'crashed_pass' }
  | { readonly kind: 'stale_pass'; readonly asOf: number }
);

export interface EnteredState {
  readonly at: number;
  readonly to: AccessState;
}

export function debtAfter(history: readonly Happening[], index: number): bigint {
  let debt = 0n;
  for (const happening of history.slice(0, index + 1)) {
    if (happening.kind === 'falls_due') debt += happening.amount;
    if (happening.kind === 'pays') debt -= happening.amount;
  }
  return debt;
}

export function inFlightAfter(history: readonly Happening[], index: number): bigint {
  const last = history.slice(0, index + 1).findLast(({ kind }) => kind === 'charge_starts' || kind === 'charge_ends');
  const debt = debtAfter(history, index);
  if (last?.kind !== 'charge_starts' || debt <= 0n) return 0n;
  return last.amount < debt ? last.amount : debt;
}

/**
 * Every access state that an active tenant enters, found episode by episode by searching forward for the first instant
 * of it.
 */
export function expectedStates(history: readonly Happening[], tolerance: bigint): readonly EnteredState[] {
  const states: EnteredState[] = [];
  const at = (index: number) => history[index]?.at ?? Number.NaN;
  const isOwing = (index: number) => debtAfter(history, index) - inFlightAfter(history, index) > tolerance;
  const isPass = (index: number) => history[index]?.kind === 'pass';
  const first = (from: number, to: number, deserves: (index: number) => boolean) => {
    for (let index = from; index < to; index++) if (deserves(index)) return index;
    return undefined;
  };
  for (let from = 0; ;) {
    const warned = first(from, history.length, (index) => isPass(index) && isOwing(index));
    if (warned === undefined) return states;
    states.push({ at: at(warned), to: 'grace' });
    const since = (index: number) => history.slice(warned + 1, index + 1);
    const settled = first(
      warned + 1,
      history.length,
      (index) => (isPass(index) || history[index]?.kind === 'pays') && debtAfter(history, index) <= tolerance,
    );
    const end = settled ?? history.length;
    const suspended = first(warned + 1, end, (index) => {
      const extension = since(index).findLast(({ kind }) => kind === 'is_extended');
      const isExtended = extension?.kind === 'is_extended' && at(index) < extension.until;
      const hasLeft = since(index).some(({ kind }) => kind === 'notice_leaves');
      return isPass(index) && isOwing(index) && at(index) - at(warned) >= 168 * HOUR && !isExtended && hasLeft;
    });
    if (suspended !== undefined) {
      states.push({ at: at(suspended), to: 'suspended' });
      const closed = first(suspended + 1, end, (index) => {
        const isConfirmed = since(index).some(({ kind }) => kind === 'closing_confirmed');
        return isPass(index) && isOwing(index) && isConfirmed && at(index) - at(suspended) >= 30 * DAY;
      });
      if (closed !== undefined) return [...states, { at: at(closed), to: 'closed' }];
    }
    if (settled === undefined) return states;
    states.push({ at: at(settled), to: 'active' });
    from = settled + 1;
  }
}

/** A hold exists if it was placed after it was last removed; nothing else in a history matters. */
export function expectedHold(history: readonly Happening[], cause: HoldCause): boolean {
  const last = history.findLast(
    (happening) => (happening.kind === 'hold_placed' || happening.kind === 'hold_lifted') && happening.cause === cause,
  );
  return last?.kind === 'hold_placed';
}

/** The refused operations, each with the sentence of the contract that refuses it. */
export function expectedRefusals(
  state: AccessState,
  holds: readonly HoldCause[],
  hasExportDaysLeft: boolean,
): ReadonlySet<keyof EffectiveAccess> {
  const refused = new Set<keyof EffectiveAccess>();
  const isHeld = holds.includes('billing') || holds.includes('admin') || holds.includes('fraud');
  if (state === 'suspended' || state === 'closed' || isHeld) refused.add('write').add('webhooksAndKeys');
  if (refused.size > 0) refused.add('meteredOperations');
  if (state === 'closed') refused.add('read').add('pay');
  if (state === 'closed' && !hasExportDaysLeft) refused.add('signIn').add('export');
  return refused;
}

/** Whether a retry is due: the days of the grace fall into windows, and each window that is reached allows one try. */
export function expectsRetry(noticeAt: number, triedAt: readonly number[], asOf: number): boolean {
  const windows: readonly (readonly [number, number])[] = [
    [0, 2],
    [2, 4],
    [4, 6],
    [6, Number.POSITIVE_INFINITY],
  ];
  return windows.some(([from, to]) => {
    const isNow = asOf >= noticeAt + from * DAY && asOf < noticeAt + to * DAY;
    return isNow && !triedAt.some((at) => at >= noticeAt + from * DAY);
  });
}

/** The notice that is due after the hours since the first one. */
export function expectedCourtesy(hours: number): string | undefined {
  if (hours >= 144) return 'final_warning';
  if (hours >= 96) return 'reminder_96h';
  if (hours >= 48) return 'reminder_48h';
  return undefined;
}

/** Remembers a key for exactly a day, finds a charge only once its search has caught up, and may process slowly. */
export class ProviderModel {
  readonly charges: { readonly key: string; readonly at: number; readonly outcome: Outcome }[] = [];
  readonly #answers = new Map<string, { readonly at: number; readonly outcome: Outcome }>();

  constructor(readonly lagMs: number) {}

  charge(key: string, at: number, outcome: Outcome): Outcome {
    const known = this.#answers.get(key);
    if (known && at < known.at + 24 * HOUR) return known.outcome;
    this.#answers.set(key, { at, outcome });
    this.charges.push({ key, at, outcome });
    return outcome;
  }

  lookup(key: string, at: number): Lookup {
    const charge = this.charges.find((each) => each.key === key && at >= each.at + this.lagMs);
    return charge ? { kind: 'found', outcome: charge.outcome } : { kind: 'not_found', lagMs: this.lagMs };
  }

  get succeeded(): number {
    return this.charges.filter(({ outcome }) => outcome.state === 'succeeded').length;
  }
}
