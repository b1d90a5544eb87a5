/**
 * A store enters its card itself: on a page of the provider's, so that its number never comes near us. What it has entered is
 * told by a webhook and taken in by the reconcile pass, see take-provider-events.ts.
 */
import { type TenantTransaction } from '#platform/database';
import { CLOCK, lockAccount, requireAccount } from '../data/accounts.js';
import { customerOf, type MethodRow, removal } from '../data/methods.js';
import { errors } from '../errors.js';
import type { PaymentProvider, SetupPage } from '../payments/port.js';

export interface OpenPage {
  readonly provider: PaymentProvider | undefined;
  readonly returnUrl: (slug: string) => string;
}

/**
 * The only call to a provider inside a transaction: it is a request's, holds no lock and no row, and the provider has eight
 * seconds. Throws `account_not_found`, `provider_not_set_up` or `payment_provider_unavailable`.
 */
export async function openMethodPage(tx: TenantTransaction, { provider, returnUrl }: OpenPage): Promise<SetupPage> {
  const { slug, email, locale } = await requireAccount(tx, tx.tenant);
  if (!provider) throw errors.provider_not_set_up();
  const known = await tx.first(customerOf(tx.tenant, provider.name));
  const { now: askedAt } = (await tx.first(CLOCK))!;
  return provider.setUp({
    tenant: tx.tenant,
    askedAt,
    askedBy: tx.actor.id,
    customer: known?.customer ?? null,
    email,
    returnUrl: returnUrl(slug),
    locale,
  });
}

/** Its invoices are paid by hand from then on. Throws `payment_method_not_found`. */
export async function removeOwnMethod(tx: TenantTransaction): Promise<MethodRow> {
  await tx.execute(lockAccount(tx.tenant));
  const row = await tx.first(removal(tx.tenant, tx.actor.id));
  if (!row) throw errors.payment_method_not_found();
  return row;
}
