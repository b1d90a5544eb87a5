/** The parts of an invoice that only the operator sees: the tenant, and the person and reason of each decision. */
import type { MeterName } from '#contracts/meters';
import { Decimal, minorDigits } from '#kernel';
import { instantText, moneyText, priceText } from '../../accounts/index.js';
import {
  type ExplainedInvoice,
  explanationText,
  type InvoiceRow,
  invoiceView,
  type LineExplanation,
  lineView,
  type UsageExplanation,
} from '../../invoicing/index.js';
import { MICRO } from '../../plans/index.js';
import type { FactRow } from '../data/payment-rows.js';
import type { InvoiceHistory } from '../usecases/read-invoice-history.js';
import { paymentView } from '../view.js';

const MICRO_DIGITS = String(MICRO).length - 1;

export function deskInvoiceView(row: InvoiceRow) {
  return { tenant_id: row.tenant_id, tenant: row.slug, ...invoiceView(row), doubt: row.doubt };
}

export function deskPaymentView(row: FactRow) {
  return {
    tenant_id: row.tenant_id,
    tenant: row.slug,
    ...paymentView(row),
    provider: row.provider,
    reference: row.provider_id,
    recorded_at: row.recorded_at.toISOString(),
    actor: row.actor,
    reason: row.reason,
  };
}

export function invoiceHistoryView({ invoice, lines, facts, notes }: InvoiceHistory) {
  const { currency } = invoice;
  return {
    ...deskInvoiceView(invoice),
    lines: lines.map((line) => lineView(line, currency)),
    payments: facts.map(paymentView),
    credit_notes: notes.map(({ number, amount_minor: amount, at, ...note }) => ({
      ...note,
      number: Number(number),
      amount: moneyText(amount, currency),
      at: at.toISOString(),
    })),
  };
}

export function explanationView({ invoice, lines, explanation }: ExplainedInvoice, events: number) {
  const { currency } = invoice;
  return {
    ...deskInvoiceView(invoice),
    is_reproduced: explanation.isReproduced,
    lines: explanation.lines.map((explained, place) => ({
      ...lineView(lines[place]!, currency),
      ...lineExplanation(explained, currency, events),
    })),
    reckoning: explanationText(explanation, { currency, zone: invoice.time_zone, events }),
  };
}

function lineExplanation({ phase, usage, expected, isReproduced }: LineExplanation, currency: string, events: number) {
  return {
    is_reproduced: isReproduced,
    expected: expected === null ? null : moneyText(expected, currency),
    from: instantText(phase?.startsAt ?? null),
    until: instantText(phase?.endsAt ?? null),
    days: phase && `${phase.days}/${phase.daysOfPeriod}`,
    usage: usage && usageExplanation(usage, currency, events),
  };
}

function usageExplanation(usage: UsageExplanation, currency: string, events: number) {
  const exact = (micro: bigint) =>
    Decimal.of(micro, minorDigits(currency) + MICRO_DIGITS).toText(minorDigits(currency));
  return {
    meter: usage.meter as MeterName,
    counting: usage.counting,
    used: String(usage.used),
    came_later: usage.cameLater,
    included: String(usage.included),
    soft_limit: String(usage.soft),
    hard_limit: String(usage.hard),
    billable_from: usage.billableFrom,
    billed_units: String(usage.billable),
    billed_before: String(usage.billedBefore.quantity),
    unit_price: priceText(usage.priceMicro, currency),
    exact_amount: exact(usage.exactMicro),
    rounding: exact(usage.roundingMicro),
    events: usage.events.slice(0, events).map(({ id, subject, quantity, occurredAt, receivedAt }) => ({
      id,
      subject,
      quantity: String(quantity),
      occurred_at: occurredAt.toISOString(),
      received_at: receivedAt.toISOString(),
    })),
    events_in_all: usage.events.length,
  };
}
