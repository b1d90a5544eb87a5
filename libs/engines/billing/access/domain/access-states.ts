/**
 * The states of a tenant’s access. What moves a tenant between them is in access.ts, what each allows in holds.ts.
 *
 *   trialing ──▶ active ──▶ grace ──▶ suspended ──▶ closed
 *      │          ▲  ▲        │           │
 *      │          │  └────────┴───────────┘ debt settled
 *      └──────────┴─▶ grace, where a trial ends in debt
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
