/** Made by `npm run gen` from the doors of the rooms. Do not edit. */
import * as billing from '#contracts/billing/operations';
import * as audit from '#contracts/audit/operations';
import * as events from '#contracts/events/operations';
import * as identity from '#contracts/identity/operations';
import * as recovery from '#contracts/recovery/operations';
import * as tenancy from '#contracts/tenancy/operations';

export const OPERATOR_ROOMS = [
  { operations: billing, open: () => import('#engines/billing/operator') },
  { operations: audit, open: () => import('#modules/audit/operator') },
  { operations: events, open: () => import('#modules/events/operator') },
  { operations: identity, open: () => import('#modules/identity/operator') },
  { operations: recovery, open: () => import('#modules/recovery/operator') },
  { operations: tenancy, open: () => import('#modules/tenancy/operator') },
];
