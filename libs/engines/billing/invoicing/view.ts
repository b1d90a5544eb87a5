/** Invoices in the shape of the API. */
import type { MeterName } from '#contracts/meters';
import { instantText, moneyText, priceText } from '../accounts/index.js';
import { periodView } from '../plans/index.js';
import type { InvoiceRow, LineRow } from './data/invoice-rows.js';

export function invoiceView(row: InvoiceRow) {
  const { currency, total_minor: total, paid, credited, owed } = row;
  const isOpen = row.number !== null;
  return {
    id: row.id,
    number: row.number === null ? null : Number(row.number),
    status: row.status,
    revision: row.revision,
    period: periodView({ seq: row.period_seq, startsAt: row.starts_at, endsAt: row.ends_at }),
    currency,
    total: moneyText(total, currency),
    paid: moneyText(paid, currency),
    credited: moneyText(credited, currency),
    owed: moneyText(isOpen ? owed : 0n, currency),
    issued_at: instantText(row.issued_at),
    due_at: instantText(row.due_at),
    settled_at: instantText(row.settled_at),
    created_at: row.created_at.toISOString(),
  };
}

export function lineView(row: LineRow, currency: string) {
  return {
    line: row.line_no,
    kind: row.kind,
    meter: row.meter as MeterName | null,
    plan: row.plan,
    quantity: row.quantity,
    unit_price: priceText(BigInt(row.price_micro), currency),
    amount: moneyText(row.amount_minor, currency),
  };
}
