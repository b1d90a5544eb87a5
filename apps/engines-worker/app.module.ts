/** Composes every consumer of events, and the worker that delivers events to them. */
import { type DynamicModule, Module } from '@nestjs/common';
import type { Settings } from '#platform/config';
import { SettingsModule } from '#platform/config/module';
import { WorkerModule } from '#platform/inbox/worker/module';
import { CONSUMERS } from './doors.js';

@Module({})
export class EnginesWorkerModule {
  static with(settings: Settings): DynamicModule {
    return {
      module: EnginesWorkerModule,
      imports: [SettingsModule.with(settings), WorkerModule.over({ vertical: 'construction', consumers: CONSUMERS })],
    };
  }
}
