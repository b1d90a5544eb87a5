/** Publishes outbox rows to Redis Streams. It knows the consumers and their subscriptions, and no other business term. */
import { type DynamicModule, Module } from '@nestjs/common';
import { SUBSCRIPTIONS } from '#contracts/rooms';
import type { Settings } from '#platform/config';
import { SettingsModule } from '#platform/config/module';
import { RelayModule } from '#platform/outbox/relay';

@Module({})
export class OutboxRelayModule {
  static with(settings: Settings): DynamicModule {
    return {
      module: OutboxRelayModule,
      imports: [
        SettingsModule.with(settings),
        RelayModule.over({ vertical: 'construction', subscriptions: SUBSCRIPTIONS }),
      ],
    };
  }
}
