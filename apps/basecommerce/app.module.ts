/** The operator's doors alone: what a command may do is what the console's API may do. */
import { type DynamicModule, Module } from '@nestjs/common';
import { BillingOperator } from '#engines/billing/operator';
import { AuditOperator } from '#modules/audit/operator';
import { EventsOperator } from '#modules/events/operator';
import { IdentityHttp } from '#modules/identity/http';
import { IdentityOperator } from '#modules/identity/operator';
import { RecoveryOperator } from '#modules/recovery/operator';
import { TenancyHttp } from '#modules/tenancy/http';
import { TenancyOperator } from '#modules/tenancy/operator';
import { type Settings, SettingsModule } from '#platform/config';
import { DatabaseModule } from '#platform/database';
import { HttpModule } from '#platform/http';
import { nestLogging } from '#platform/telemetry';

@Module({})
export class CommandModule {
  static async with(settings: Settings): Promise<DynamicModule> {
    return {
      module: CommandModule,
      imports: [
        SettingsModule.with(settings),
        nestLogging('basecommerce', settings.LOG_LEVEL),
        DatabaseModule,
        await HttpModule.over([IdentityHttp, TenancyHttp], [], false),
        TenancyOperator,
        IdentityOperator,
        AuditOperator,
        EventsOperator,
        RecoveryOperator,
        BillingOperator,
      ],
    };
  }
}
