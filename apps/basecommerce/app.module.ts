/** Opens only the operator's door of every room, because a command may do exactly what the console's API may do. */
import { type DynamicModule, Module } from '@nestjs/common';
import { IdentityHttp } from '#modules/identity/http';
import { TenancyHttp } from '#modules/tenancy/http';
import { type Settings, SettingsModule } from '#platform/config';
import { DatabaseModule } from '#platform/database';
import { HttpModule } from '#platform/http';
import { nestLogging } from '#platform/telemetry';
import { OPERATOR_DOORS } from './doors.js';

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
        ...OPERATOR_DOORS,
      ],
    };
  }
}
