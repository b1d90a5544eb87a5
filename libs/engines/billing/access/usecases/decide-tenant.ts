/** Decides and saves one tenant’s access in a pass. */
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { readAccess, saveDecision } from '../data/access.js';
import { type AccessDecision, decideAccess } from '../domain/access.js';

const ACTOR = 'system:billing-grace';

/** Reads the facts under the account’s lock, so it sees every earlier payment. Returns undefined if nothing changes. */
export async function decide(
  tx: CrossTenantTransaction,
  tenant: string,
  asOf: Date,
): Promise<(AccessDecision & { readonly slug: string }) | undefined> {
  const stored = await readAccess(tx, tenant, asOf);
  if (!stored) return undefined;
  const decision = decideAccess(stored, asOf);
  const isUnchanged =
    decision.transitions.length +
      decision.notices.length +
      decision.placesHolds.length +
      decision.releasesHolds.length ===
      0 &&
    !decision.opensEpisode &&
    !decision.closesEpisode;
  if (isUnchanged) return undefined;
  await saveDecision(tx, tenant, stored, decision, asOf, ACTOR);
  return { ...decision, slug: stored.slug };
}
