/**
 * The states of a tenant’s access. access.ts has the rules of the transitions; holds.ts has what each state allows.
 *
 *   trialing ──▶ active ──▶ grace ──▶ suspended ──▶ closed
 *      │          ▲  ▲        │           │
 *      │          │  └────────┴───────────┘ debt paid
 *      └──────────┴─▶ grace, if a trial ends in debt
 */
import { StateMachine } from '#kernel';

export const ACCESS_STATES = ['trialing', 'active', 'grace', 'suspended', 'closed'] as const;
export type AccessState = (typeof ACCESS_STATES)[number];

export const accessStates = new StateMachine<AccessState>('access of a tenant', {
  trialing: ['active', 'grace'],
  active: ['grace'],
  grace: ['active', 'suspended'],
  suspended: ['active', 'closed'],
  closed: [],
});
