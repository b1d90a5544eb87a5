/** Opens the HTTP door and the operator's door of every room, over the platform. It owns no business. */
import { type DynamicModule, Module } from '@nestjs/common';
import { InsightTextsModule } from '#modules/insights/http';
import { IdentityHttp } from '#modules/identity/http';
import { TenancyHttp } from '#modules/tenancy/http';
import type { Settings } from '#platform/config';
import { SettingsModule } from '#platform/config/module';
import { DatabaseModule } from '#platform/database';
import { HttpModule } from '#platform/http/server';
import { LiveModule } from '#platform/live';
import { DocsController } from '#platform/openapi';
import type { HealthCheck } from '#platform/telemetry';
import { nestLogging } from '#platform/telemetry/logging';
import { HTTP_DOORS, INSIGHT_TEXTS, OPERATOR_DOORS } from './doors.js';

@Module({})
export class VerticalModule {
  static async with(settings: Settings, checks: HealthCheck[]): Promise<DynamicModule> {
    return {
      module: VerticalModule,
      imports: [
        SettingsModule.with(settings),
        nestLogging('vertical', settings.LOG_LEVEL),
        DatabaseModule,
        await HttpModule.over([IdentityHttp, TenancyHttp], checks, settings.METRICS_ENABLED),
        LiveModule,
        InsightTextsModule.of(INSIGHT_TEXTS),
        ...HTTP_DOORS,
        ...OPERATOR_DOORS,
      ],
      controllers: [DocsController],
    };
  }
}
