/** Made by `npm run gen` from the doors of the rooms. Do not edit. */
import type { Type } from '#platform/nest';
import { BillingHttp } from '#engines/billing/http';
import { CatalogueHttp } from '#modules/catalogue/http';
import { CustomersHttp } from '#modules/customers/http';
import { EntitlementsHttp } from '#modules/entitlements/http';
import { IdentityHttp } from '#modules/identity/http';
import { InsightsHttp } from '#modules/insights/http';
import { OrdersHttp } from '#modules/orders/http';
import { QuotesHttp } from '#modules/quotes/http';
import { StockHttp } from '#modules/stock/http';
import { TenancyHttp } from '#modules/tenancy/http';
import { salesInsightTexts } from '#engines/sales/texts';
import { stockInsightTexts } from '#engines/stock/texts';
import { BillingOperator } from '#engines/billing/operator';
import { AuditOperator } from '#modules/audit/operator';
import { EventsOperator } from '#modules/events/operator';
import { IdentityOperator } from '#modules/identity/operator';
import { RecoveryOperator } from '#modules/recovery/operator';
import { TenancyOperator } from '#modules/tenancy/operator';

export const HTTP_DOORS: readonly Type[] = [
  BillingHttp,
  CatalogueHttp,
  CustomersHttp,
  EntitlementsHttp,
  IdentityHttp,
  InsightsHttp,
  OrdersHttp,
  QuotesHttp,
  StockHttp,
  TenancyHttp,
];

export const INSIGHT_TEXTS = [salesInsightTexts, stockInsightTexts];

export const OPERATOR_DOORS: readonly Type[] = [
  BillingOperator,
  AuditOperator,
  EventsOperator,
  IdentityOperator,
  RecoveryOperator,
  TenancyOperator,
];
