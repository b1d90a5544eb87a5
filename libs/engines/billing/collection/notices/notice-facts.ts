/** The facts of a notice, read when it is sent: a debt that became smaller after the decision is stated as it is now. */
import { type Row, sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { graceDeadline } from '../../access/index.js';
import { languageFor } from '../../invoicing/index.js';
import type { NoticeKey } from './claim-notice.js';
import type { NoticeFacts, OwedInvoice } from './notice.js';

type AccountRow = Row<'billing_accounts', 'slug' | 'legal_name' | 'locale' | 'time_zone'> &
  Row<'billing_access_episodes', 'notice_at' | 'extended_until' | 'suspended_at'> & { now: Date };

type InvoiceRow = Row<'billing_invoices', 'currency', { number: bigint; due_at: Date }> & { owed: bigint };

/**
 * An invoice with a charge in flight is named as well: it is owed until the money has arrived, and no other notice is sent
 * if the charge fails.
 */
export async function noticeFacts(
  tx: CrossTenantTransaction,
  { tenant, episode, step }: NoticeKey,
  storeUrl: ((slug: string) => string) | undefined,
): Promise<NoticeFacts> {
  const [accounts, invoices] = await tx.batch([
    sql<AccountRow>`select a.slug, a.legal_name, a.locale, a.time_zone, e.notice_at, e.extended_until, e.suspended_at, app.now() as now
          from billing_accounts a join billing_access_episodes e on e.tenant_id = a.tenant_id
         where a.tenant_id = ${tenant} and e.id = ${episode}`,
    sql<InvoiceRow>`select i.number, i.due_at, i.currency, balance.owed
          from billing_invoices i
         cross join lateral app.billing_balance(i.tenant_id, i.id, i.total_minor) as balance
         where i.tenant_id = ${tenant} and i.status = 'issued' and i.due_at <= app.now() and balance.owed > 0
         order by i.due_at, i.number`,
  ]);
  const account = accounts[0]!;
  const { notice_at: noticeAt, extended_until: extendedUntil, suspended_at: suspendedAt } = account;
  return {
    step,
    language: languageFor(account.locale),
    name: account.legal_name,
    zone: account.time_zone,
    invoices: invoices.map(({ due_at: dueAt, ...invoice }): OwedInvoice => ({ ...invoice, dueAt })),
    limitedAt: graceDeadline({ noticeAt, extendedUntil }),
    wasSuspended: suspendedAt !== null,
    storeUrl: storeUrl?.(account.slug) ?? null,
    asOf: account.now,
  };
}
