/**
 * A store enters its card on a page of the provider, so that its number never reaches our servers. A webhook announces the
 * card, and the reconcile pass stores it, see take-provider-events.ts.
 */
import type { TenantTransaction } from '#platform/database';
import { CLOCK, lockAccount, requireAccount } from '../../accounts/index.js';
import { errors } from '../../errors.js';
import { customersOf, type MethodRow, removal } from '../data/methods.js';
import type { PaymentProvider, SetupPage } from '../providers/port.js';

/** The request for a page at the provider, in a form that can be stored and repeated without a change. */
type PageQuestion = Awaited<ReturnType<typeof pageQuestion>>;

/** Throws `account_not_found`. */
export async function pageQuestion(tx: TenantTransaction, returnUrl: (slug: string) => string) {
  const { slug, email, locale } = await requireAccount(tx, tx.tenant);
  const known = await tx.query(customersOf(tx.tenant));
  const { now: askedAt } = (await tx.first(CLOCK))!;
  return {
    tenant: tx.tenant as string,
    askedAt: askedAt.toISOString(),
    askedBy: tx.actor.id,
    customers: Object.fromEntries(known.map(({ provider, customer }) => [provider, customer])),
    email,
    returnUrl: returnUrl(slug),
    locale,
  };
}

/** Outside of any transaction: the provider may take seconds. Throws `provider_not_set_up` or `payment_provider_unavailable`. */
export async function openMethodPage(
  provider: PaymentProvider | undefined,
  { customers, askedAt, ...question }: PageQuestion,
  key: string,
): Promise<SetupPage> {
  if (!provider) throw errors.provider_not_set_up();
  const customer = customers[provider.name] ?? null;
  return provider.setUp({ ...question, key, customer, askedAt: new Date(askedAt) });
}

/** Its invoices are paid by hand from then on. Throws `payment_method_not_found`. */
export async function removeOwnMethod(tx: TenantTransaction): Promise<MethodRow> {
  await tx.execute(lockAccount(tx.tenant));
  const row = await tx.first(removal(tx.tenant, tx.actor.id));
  if (!row) throw errors.payment_method_not_found();
  return row;
}
