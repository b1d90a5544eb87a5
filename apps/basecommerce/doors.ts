/** Made by `npm run gen` from the doors of the rooms. Do not edit. */
import type { Type } from '@nestjs/common';
import { BillingOperator } from '#engines/billing/operator';
import { AuditOperator } from '#modules/audit/operator';
import { EventsOperator } from '#modules/events/operator';
import { IdentityOperator } from '#modules/identity/operator';
import { RecoveryOperator } from '#modules/recovery/operator';
import { TenancyOperator } from '#modules/tenancy/operator';

export const OPERATOR_DOORS: readonly Type[] = [
  BillingOperator,
  AuditOperator,
  EventsOperator,
  IdentityOperator,
  RecoveryOperator,
  TenancyOperator,
];
