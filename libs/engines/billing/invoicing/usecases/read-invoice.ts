/** Reads one whole invoice, to show, explain or print it. */
import type { Settings } from '#platform/config';
import { type Reading, requireAccount } from '../../accounts/index.js';
import { errors } from '../../errors.js';
import { limitsOf, meterInPhase, type Phase, plansOf } from '../../plans/index.js';
import { METERS, usageEventRows } from '../../usage/index.js';
import {
  earlierLineRows,
  type InvoiceFilter,
  type InvoiceRow,
  invoiceRow,
  type LineRow,
  lineRows,
  type PhaseRow,
  phaseRows,
} from '../data/invoice-rows.js';
import { type ExplainedLine, explainInvoice, type InvoiceExplanation } from '../documents/explain.js';
import { languageFor } from '../documents/formats.js';
import type { InvoiceDocument, Party } from '../documents/invoice-document.js';

export interface InvoiceWithLines {
  readonly invoice: InvoiceRow;
  readonly lines: readonly LineRow[];
}

/** Throws `invoice_not_found`. */
export async function invoiceWithLines(
  tx: Reading,
  filter: InvoiceFilter & { readonly id: string },
): Promise<InvoiceWithLines> {
  const invoice = await tx.first(invoiceRow(filter));
  if (!invoice) throw errors.invoice_not_found();
  return { invoice, lines: await tx.query(lineRows(invoice.tenant_id, invoice.id)) };
}

export interface ExplainedInvoice extends InvoiceWithLines {
  readonly explanation: InvoiceExplanation;
}

/** Reads every event of the period that a line refers to. Throws `invoice_not_found`. */
export async function explained(tx: Reading, id: string): Promise<ExplainedInvoice> {
  const whole = await invoiceWithLines(tx, { id });
  const { invoice, lines } = whole;
  const { tenant_id: tenant, subscription_id: subscription, period_seq: seq, revision } = invoice;
  const meters = [...new Set(lines.flatMap(({ meter }) => (meter === null ? [] : [meter])))];
  const [phases, [events, earlier]] = [
    await phasesOfInvoice(tx, invoice),
    await tx.batch([
      usageEventRows(tenant, meters, invoice.starts_at, invoice.ends_at),
      earlierLineRows(tenant, subscription, seq, revision),
    ]),
  ];
  const explanation = explainInvoice({
    madeAt: invoice.created_at,
    phases,
    lines: lines.map(lineOf),
    earlier: earlier.map(lineOf),
    events: events.map(({ occurred_at: occurredAt, received_at: receivedAt, ...event }) => ({
      ...event,
      occurredAt,
      receivedAt,
    })),
    counting: (meter) => METERS[meter as keyof typeof METERS].how,
  });
  return { ...whole, explanation };
}

/** The issuer of the invoices from the setting: a name, and further lines after semicolons. */
function sellerOf({ INVOICE_SELLER: text }: Pick<Settings, 'INVOICE_SELLER'>): Party {
  const [name = '', ...details] = text.split(';').map((part) => part.trim());
  return { name, details: details.filter((line) => line !== '') };
}

/** An invoice that was not issued is not printed. Throws `invoice_not_found`. */
export async function printable(
  tx: Reading,
  filter: Pick<InvoiceFilter, 'tenant'> & { readonly id: string },
  settings: Pick<Settings, 'INVOICE_SELLER'>,
): Promise<InvoiceDocument> {
  const { invoice, lines } = await invoiceWithLines(tx, { ...filter, isIssuedOnly: true });
  const phases = await phasesOfInvoice(tx, invoice);
  const account = await requireAccount(tx, invoice.tenant_id);
  const { total_minor: total, paid, credited, owed } = invoice;
  return {
    language: languageFor(account.locale),
    zone: account.time_zone,
    currency: invoice.currency,
    seller: sellerOf(settings),
    buyer: { name: account.legal_name, details: account.email === null ? [] : [account.email] },
    number: invoice.number!,
    revision: invoice.revision,
    issuedAt: invoice.issued_at!,
    dueAt: invoice.due_at!,
    period: { startsAt: invoice.starts_at, endsAt: invoice.ends_at },
    status: invoice.status as InvoiceDocument['status'],
    lines: lines.map((row) => printedLine(lineOf(row), phases)),
    total,
    paid,
    credited,
    owed,
    notes: [],
  };
}

function printedLine(line: ExplainedLine, phases: readonly Phase[]): InvoiceDocument['lines'][number] {
  const { kind, meter, quantity, priceMicro, amount } = line;
  const phase = line.phase === null ? undefined : phases[line.phase];
  const isUsage = meter !== null;
  const terms = meter === null ? undefined : phase?.plan.meters.get(meter);
  const inPhase = terms && phase && meterInPhase(terms, phase);
  return {
    kind,
    meter: meter ?? undefined,
    quantity,
    priceMicro,
    amount,
    phase:
      phase && (!isUsage || phases.length > 1)
        ? { ...phase, plan: (phase.plan as Phase['plan'] & { code: string }).code }
        : undefined,
    freeUpTo: inPhase && (inPhase.billableFrom === 'soft' ? limitsOf(inPhase).soft : inPhase.included),
  };
}

async function phasesOfInvoice(tx: Reading, invoice: InvoiceRow): Promise<Phase[]> {
  const { tenant_id: tenant, subscription_id: subscription, period_seq: seq } = invoice;
  const rows: PhaseRow[] = await tx.query(phaseRows(tenant, subscription, seq));
  const plans = await plansOf(
    tx,
    rows.map((row) => row.plan_id),
  );
  return rows.map((row) => ({
    index: row.phase,
    plan: plans.get(row.plan_id)!,
    startsAt: row.starts_at,
    endsAt: row.ends_at,
    days: row.days,
    daysOfPeriod: row.days_of_period,
  }));
}

function lineOf(row: Omit<LineRow, 'plan'>): ExplainedLine {
  return {
    lineNo: row.line_no,
    kind: row.kind,
    meter: row.meter,
    phase: row.phase,
    quantity: BigInt(row.quantity),
    priceMicro: BigInt(row.price_micro),
    amount: row.amount_minor,
  };
}
