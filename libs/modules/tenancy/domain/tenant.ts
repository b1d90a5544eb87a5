/**
 * A tenant's states, as the operator moves them. What is owed moves them too, through billing's own ladder.
 *
 *   active ⇄ suspended ─▶ closed ◀─ active
 */
import { StateMachine } from '#kernel';
import type { TENANT_STATES } from '#contracts/tenancy/events';

export type TenantState = (typeof TENANT_STATES)[number];

export const tenantStates = new StateMachine<TenantState>('store', {
  active: ['suspended', 'closed'],
  suspended: ['active', 'closed'],
  closed: [],
});
