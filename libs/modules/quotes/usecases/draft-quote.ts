/** The terms of a request → a priced draft. Creating and changing a draft share it. */
import type { BodyOf } from '#contracts/operation';
import type { createQuote } from '#contracts/quotes/operations';
import { Decimal } from '#kernel';
import { priceLines } from '#modules/catalogue';
import { requireCustomer } from '#modules/customers';
import { totalOf } from '#modules/documents';
import { sql, type TenantTransaction } from '#platform/database';
import type { QuoteDraft } from '../data/quotes.js';

export type QuoteTerms = BodyOf<typeof createQuote>;

export async function priceDraft(
  tx: TenantTransaction,
  terms: QuoteTerms,
  identity: Pick<QuoteDraft, 'id' | 'number' | 'revision'>,
): Promise<QuoteDraft> {
  const siteId = terms.site_id ?? null;
  await requireCustomer(tx, terms.customer_id, siteId);
  const lines = await priceLines(tx, terms.lines, Decimal.parse(terms.discount_percent));
  const currency = lines[0]?.total.currency ?? (await tenantCurrency(tx));
  return {
    ...identity,
    customerId: terms.customer_id,
    siteId,
    currency,
    discountPercent: terms.discount_percent,
    totalMinor: totalOf(lines, currency).minor,
    validDays: terms.valid_days,
    lines,
  };
}

async function tenantCurrency(tx: TenantTransaction): Promise<string> {
  const row = await tx.first(sql<{ currency: string }>`select app.tenant_currency() as currency`);
  return row!.currency;
}
