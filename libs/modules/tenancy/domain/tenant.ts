/**
 * A tenant's states, which the operator changes. Unpaid bills do not change them; billing has access states of its own.
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
