/**
 * A person's decision about an invoice that waits for approval:
 *
 *   needs_approval ─▶ issued ─▶ continues as any other invoice
 *         └─────────▶ void      without a number: the invoice was never sent
 *
 * A rejected invoice keeps its lines, so its usage counts as invoiced and no later pass bills it again. The alternative, to
 * issue it and credit it in full, would send the tenant two documents over zero, and could not undo a total below zero.
 */
import { invoiceIssued } from '#contracts/billing/events';
import { Money } from '#kernel';
import { type Row, sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { announce, lockedNow, postings, saveLedger } from '../../accounts/index.js';
import { errors } from '../../errors.js';
import { type InvoiceRow, invoiceRow, lineRows } from '../data/invoice-rows.js';
import { drawNumbers } from '../data/invoices.js';
import { applyBalance } from './apply-balance.js';

const DAY_MS = 86_400_000;

export interface DecideInvoice {
  readonly tenant: string;
  readonly invoice: string;
}

/** Throws `invoice_not_found` or `invoice_not_waiting`. */
export async function approveInvoice(
  tx: CrossTenantTransaction,
  actor: string,
  { tenant, invoice: id }: DecideInvoice,
): Promise<void> {
  const now = await lockedNow(tx, tenant);
  const { currency, total_minor: total } = await waiting(tx, tenant, id);
  const lines = await tx.query(lineRows(tenant, id));
  const dueAt = new Date(now.getTime() + (await dueDays(tx, tenant, id)) * DAY_MS);
  const [number] = (await drawNumbers(tx, 'invoice', 1)) as [bigint];
  const posted = postings.issue({
    id,
    currency,
    total,
    lines: lines.map(({ kind, amount_minor: amount }) => ({ kind, amount })),
  });
  await tx.batch([
    sql`update billing_invoices set status = 'issued', number = ${number}, issued_at = ${now}, due_at = ${dueAt}, version = version + 1
         where tenant_id = ${tenant} and id = ${id}`,
    ...(posted.length > 0 ? [saveLedger(tenant, posted, now)] : []),
  ]);
  const data = { invoice_id: id, number: Number(number), total: new Money(total, currency).toText(), currency };
  await announce(tx, tenant, invoiceIssued, { ...data, due_at: dueAt.toISOString() }, actor);
  await applyBalance(tx, tenant, id, now, actor);
}

/** Throws `invoice_not_found` or `invoice_not_waiting`. */
export async function rejectInvoice(tx: CrossTenantTransaction, { tenant, invoice: id }: DecideInvoice): Promise<void> {
  const now = await lockedNow(tx, tenant);
  await waiting(tx, tenant, id);
  await tx.execute(sql`
    update billing_invoices set status = 'void', settled_at = ${now}, version = version + 1 where tenant_id = ${tenant} and id = ${id}`);
}

async function waiting(tx: CrossTenantTransaction, tenant: string, id: string): Promise<InvoiceRow> {
  const row = await tx.first(invoiceRow({ tenant, id }));
  if (!row) throw errors.invoice_not_found();
  if (row.status !== 'needs_approval') throw errors.invoice_not_waiting();
  return row;
}

/** The plan that was in force when the invoice's period ended. */
async function dueDays(tx: CrossTenantTransaction, tenant: string, id: string): Promise<number> {
  const row = await tx.first<Row<'billing_plan_versions', 'due_days'>>(sql`
    select v.due_days from billing_invoices i
      join billing_periods p on p.tenant_id = i.tenant_id and p.subscription_id = i.subscription_id and p.seq = i.period_seq
      join billing_plan_assignments g on g.tenant_id = i.tenant_id and g.subscription_id = i.subscription_id and g.from_at < p.ends_at
      join billing_plan_versions v on v.id = g.plan_id
     where i.tenant_id = ${tenant} and i.id = ${id}
     order by g.from_at desc limit 1`);
  return row?.due_days ?? 0;
}
