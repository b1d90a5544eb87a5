/**
 * Holds, one per cause and tenant, and the access of a tenant under its state and all its holds: the most restrictive
 * wins. Each hold is released in one way only: a payment never lifts an `admin` hold, a person never lifts `billing`.
 *
 *   billing   the debt is paid                read-only, export, pay
 *   admin     a person lifts this very hold   read-only, export, pay
 *   fraud     a person lifts this very hold   read-only, export, pay
 *
 * A reached limit is not a hold: each request is checked against the current count and the current limit. So a higher
 * cap, a larger plan or a new period admits requests without any release, and no hold can remain by mistake.
 */
import type { AccessState } from './access-states.js';

export const HOLD_CAUSES = ['billing', 'admin', 'fraud'] as const;
export type HoldCause = (typeof HOLD_CAUSES)[number];

/** The event that releases a hold. A person names the hold: lifting `admin` does not lift `fraud`. */
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

/** Those of `holds` that `release` lifts. */
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
/** A suspended tenant can still read its data, export it and pay. So a suspension is reversible. */
const READ_ONLY: EffectiveAccess = { ...FULL, write: false, meteredOperations: false, webhooksAndKeys: false };
/** Sign-in remains allowed because the export needs it. */
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

/** `hasExportDaysLeft` matters only for a closed tenant; the caller passes false once its export days are over. */
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
