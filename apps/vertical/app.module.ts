/** The vertical is a list of doors: every module's HTTP, over the platform. It owns no business. */
import { type DynamicModule, Module } from '@nestjs/common';
import { BillingHttp } from '#engines/billing/http';
import { BillingOperator } from '#engines/billing/operator';
import { InsightsHttp } from '#engines/insights/http';
import { salesInsightTexts } from '#engines/sales/http';
import { stockInsightTexts } from '#engines/stock/http';
import { AuditOperator } from '#modules/audit/operator';
import { CatalogueHttp } from '#modules/catalogue/http';
import { CustomersHttp } from '#modules/customers/http';
import { EntitlementsHttp } from '#modules/entitlements/http';
import { EventsOperator } from '#modules/events/operator';
import { RecoveryOperator } from '#modules/recovery/operator';
import { IdentityHttp } from '#modules/identity/http';
import { IdentityOperator } from '#modules/identity/operator';
import { OrdersHttp } from '#modules/orders/http';
import { QuotesHttp } from '#modules/quotes/http';
import { StockHttp } from '#modules/stock/http';
import { TenancyHttp } from '#modules/tenancy/http';
import { TenancyOperator } from '#modules/tenancy/operator';
import { type Settings, SettingsModule } from '#platform/config';
import { DatabaseModule } from '#platform/database';
import { HttpModule } from '#platform/http';
import { LiveModule } from '#platform/live';
import { DocsController } from '#platform/openapi';
import { type HealthCheck, nestLogging } from '#platform/telemetry';

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
        CatalogueHttp,
        CustomersHttp,
        StockHttp,
        QuotesHttp,
        OrdersHttp,
        EntitlementsHttp,
        BillingHttp,
        LiveModule,
        InsightsHttp.telling(stockInsightTexts, salesInsightTexts),
        TenancyOperator,
        IdentityOperator,
        AuditOperator,
        EventsOperator,
        RecoveryOperator,
        BillingOperator,
      ],
      controllers: [DocsController],
    };
  }
}
