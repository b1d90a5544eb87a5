/** The engines that listen, and the worker that brings them their events. */
import { type DynamicModule, Module } from '@nestjs/common';
import { BILLING_PASSES, billingEngine } from '#engines/billing/worker';
import { salesEngine } from '#engines/sales/worker';
import { stockEngine } from '#engines/stock/worker';
import { entitlementsProjection, USAGE_PASSES } from '#modules/entitlements/worker';
import { type Settings, SettingsModule } from '#platform/config';
import type { EventConsumer, EnginePass } from '#platform/inbox';
import { WorkerModule } from '#platform/inbox/worker';

export const ENGINES: readonly EventConsumer[] = [stockEngine, salesEngine, billingEngine, entitlementsProjection];
export const PASSES: readonly EnginePass[] = [...BILLING_PASSES, ...USAGE_PASSES];

@Module({})
export class EnginesWorkerModule {
  static with(settings: Settings): DynamicModule {
    return {
      module: EnginesWorkerModule,
      imports: [SettingsModule.with(settings), WorkerModule.over({ vertical: 'construction', consumers: ENGINES })],
    };
  }
}
