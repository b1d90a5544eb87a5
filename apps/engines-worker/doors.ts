/** Made by `npm run gen` from the doors of the rooms. Do not edit. */
import type { EnginePass, EventConsumer } from '#platform/inbox';
import { BILLING_PASSES, billingEngine } from '#engines/billing/worker';
import { salesEngine } from '#engines/sales/worker';
import { stockEngine } from '#engines/stock/worker';
import { USAGE_PASSES, entitlementsProjection } from '#modules/entitlements/worker';

export const CONSUMERS: readonly EventConsumer[] = [billingEngine, salesEngine, stockEngine, entitlementsProjection];

export const PASSES: readonly EnginePass[] = [...BILLING_PASSES, ...USAGE_PASSES];
