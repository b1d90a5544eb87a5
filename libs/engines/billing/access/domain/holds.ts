/**
 * Holds, one per cause and tenant, and what a tenant may do under its state and all of them: the most restrictive wins.
 * A hold knows one way out, and nothing else opens it: paying never lifts an `admin` hold, a person never lifts `billing`.
 *
 *   billing   debt settled                    read-only, export, pay
 *   admin     a person lifts this very hold   read-only, export, pay
 *   fraud     a person lifts this very hold   read-only, export, pay
 *
 * A limit that is reached is no hold: each request is told so by the count that it would raise, and by the limit of that very
 * moment. So a cap that is raised, a larger plan and a new period open it by themselves, and nothing can be left standing.
 */
import type { AccessState } from './access-states.js';

export const HOLD_CAUSES = ['billing', 'admin', 'fraud'] as const;
export type HoldCause = (typeof HOLD_CAUSES)[number];

/** What may open a hold. A person names the hold: lifting `admin` says nothing about `fraud`. */
export type Release = { readonly by: 'debt_settled' } | { readonly by: 'person'; readonly cause: 'admin' | 'fraud' };

export function isReleasedBy(cause: HoldCause, release: Release): boolean {
  switch (cause) {
    case 'billing':
      return release.by === 'debt_settled';
    case 'admin':
    case 'fraud':
      return release.by === 'person' && release.cause === cause;
  }
}

/** The holds that `release` opens, of those there are. */
export function releasedHolds(holds: readonly HoldCause[], release: Release): readonly HoldCause[] {
  return holds.filter((cause) => isReleasedBy(cause, release));
}

export interface EffectiveAccess {
  readonly signIn: boolean;
  readonly read: boolean;
  readonly export: boolean;
  readonly pay: boolean;
  readonly write: boolean;
  readonly meteredOperations: boolean;
  readonly webhooksAndKeys: boolean;
}

const FULL: EffectiveAccess = {
  signIn: true,
  read: true,
  export: true,
  pay: true,
  write: true,
  meteredOperations: true,
  webhooksAndKeys: true,
};
/** A tenant must always be able to see its data, take it away and pay; that is what keeps a suspension reversible. */
const READ_ONLY: EffectiveAccess = { ...FULL, write: false, meteredOperations: false, webhooksAndKeys: false };
/** Signing in stays open because it is the way to the export. */
const EXPORT_ONLY: EffectiveAccess = { ...READ_ONLY, read: false, pay: false };
const NOTHING: EffectiveAccess = { ...EXPORT_ONLY, signIn: false, export: false };

const BY_STATE: Readonly<Record<AccessState, EffectiveAccess>> = {
  trialing: FULL,
  active: FULL,
  grace: FULL,
  suspended: READ_ONLY,
  closed: EXPORT_ONLY,
};
const BY_HOLD: Readonly<Record<HoldCause, EffectiveAccess>> = {
  billing: READ_ONLY,
  admin: READ_ONLY,
  fraud: READ_ONLY,
};

/** `hasExportDaysLeft` matters to a closed tenant only; whoever knows that its days are over says so. */
export function effectiveAccess(
  state: AccessState,
  holds: readonly HoldCause[],
  hasExportDaysLeft = true,
): EffectiveAccess {
  const ofState = state === 'closed' && !hasExportDaysLeft ? NOTHING : BY_STATE[state];
  return holds.reduce((access, cause) => mostRestrictive(access, BY_HOLD[cause]), ofState);
}

function mostRestrictive(a: EffectiveAccess, b: EffectiveAccess): EffectiveAccess {
  return {
    signIn: a.signIn && b.signIn,
    read: a.read && b.read,
    export: a.export && b.export,
    pay: a.pay && b.pay,
    write: a.write && b.write,
    meteredOperations: a.meteredOperations && b.meteredOperations,
    webhooksAndKeys: a.webhooksAndKeys && b.webhooksAndKeys,
  };
}
