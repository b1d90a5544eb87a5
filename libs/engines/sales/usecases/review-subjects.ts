/**
 * Computes the insights of the given products, customers and quotes again, in the same way for refresh, pass and rebuild.
 *
 * A sale makes its own products stale. It also changes the lift of every other pair a little (there are more baskets in all)
 * and the stock of a product's partners; the daily pass brings those up to date. Counts and confidence, which decide what is
 * suggested, are exact at once.
 */
import { type DesiredInsight, type Reconciled, reconcileInsights, type ReviewedSubject } from '#modules/insights';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { type Claimed, loadCustomers, loadProducts, loadQuotes } from '../data/reviews.js';
import { adviseCompany, adviseCustomer, adviseQuote } from '../domain/advice.js';

const ENGINE = 'sales';

export async function reviewSubjects(tx: CrossTenantTransaction, claimed: Claimed, asOf: Date): Promise<Reconciled> {
  const today = asOf.toISOString().slice(0, 10);
  const products = await loadProducts(tx, claimed.product, today);
  const customers = await loadCustomers(tx, claimed.customer);
  const quotes = await loadQuotes(tx, claimed.quote);
  const reviewed: ReviewedSubject[] = [
    ...products.map(({ tenant, id, factsAt }) => ({ tenant, subject: `product/${id}`, at: factsAt, today })),
    ...customers.map(({ tenant, id, factsAt }) => ({ tenant, subject: `customer/${id}`, at: factsAt, today })),
    ...quotes.map(({ tenant, id, factsAt }) => ({ tenant, subject: `quote/${id}`, at: factsAt, today })),
  ];
  const desired = [
    ...products.map(adviseCompany),
    ...customers.map((customer) => adviseCustomer(customer, asOf)),
    ...quotes.map((quote) => adviseQuote(quote, asOf)),
  ].filter((insight): insight is DesiredInsight => insight !== null);
  return reconcileInsights(tx, ENGINE, reviewed, desired);
}
