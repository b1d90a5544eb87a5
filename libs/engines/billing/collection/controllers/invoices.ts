/** Routes for invoices, decisions about them, and money movements. A decision answers with the whole invoice after it. */
import { Controller, Inject } from '#platform/nest';
import {
  approveInvoice,
  creditInvoice,
  explainInvoice,
  getInvoicePdf,
  listBillingMonths,
  listInvoices,
  listPayments,
  recordPayment,
  recordRefund,
  refundSurplus,
  rejectInvoice,
  showInvoice,
  writeOffInvoice,
} from '#contracts/billing/operations';
import { recordAct } from '#platform/audit';
import { SETTINGS, type Settings } from '#platform/config';
import { type CallOf, Handle } from '#platform/http';
import { before, pageOf } from '#platform/paging';
import { accessOverview } from '../../access/index.js';
import { audited, moneyText, requireAccount, tenantNamed } from '../../accounts/index.js';
import { errors } from '../../errors.js';
import {
  approveInvoice as approve,
  creditInvoice as credit,
  explained,
  invoicedMonths,
  invoiceRow,
  invoiceRows,
  printable,
  rejectInvoice as reject,
  renderInvoicePdf,
  writeOffInvoice as writeOff,
} from '../../invoicing/index.js';
import { factRows } from '../data/payment-rows.js';
import { readInvoiceHistory } from '../usecases/read-invoice-history.js';
import { recordMovement } from '../usecases/record-movement.js';
import { refundSurplus as giveBack } from '../usecases/refund-surplus.js';
import { deskInvoiceView, deskPaymentView, explanationView, invoiceHistoryView } from './invoice-views.js';

type Decision = CallOf<typeof approveInvoice>;
type Money = CallOf<typeof recordPayment>;
interface Target {
  readonly tenant: string;
  readonly invoice: string;
}

@Controller()
export class InvoicesController {
  constructor(@Inject(SETTINGS) private readonly settings: Settings) {}

  @Handle(listInvoices)
  async list(call: CallOf<typeof listInvoices>) {
    const { tenant: name, status, cursor, limit } = call.query;
    const tenant = name === undefined ? undefined : (await tenantNamed(call.tx, name)).tenant;
    const rows = await call.tx.query(invoiceRows({ tenant, status }, before(cursor), limit));
    return pageOf(rows, limit, ({ id }) => id, deskInvoiceView);
  }

  @Handle(showInvoice)
  async show(call: CallOf<typeof showInvoice>) {
    return invoiceHistoryView(await readInvoiceHistory(call.tx, { id: call.params.id }));
  }

  @Handle(getInvoicePdf)
  async pdf(call: CallOf<typeof getInvoicePdf>) {
    return renderInvoicePdf(await printable(call.tx, { id: call.params.id }, this.settings));
  }

  @Handle(explainInvoice)
  async explain(call: CallOf<typeof explainInvoice>) {
    return explanationView(await explained(call.tx, call.params.id), call.query.events);
  }

  @Handle(approveInvoice)
  approve(call: Decision) {
    return acted(call, 'invoice.approve', {}, (target, actor) => approve(call.tx, actor, target));
  }

  @Handle(rejectInvoice)
  reject(call: CallOf<typeof rejectInvoice>) {
    return acted(call, 'invoice.reject', {}, (target) => reject(call.tx, target));
  }

  @Handle(creditInvoice)
  credit(call: CallOf<typeof creditInvoice>) {
    const { amount, reason } = call.body;
    return acted(call, 'invoice.credit', { amount: amount ?? null }, (target, actor) =>
      credit(call.tx, actor, { ...target, amount, reason }),
    );
  }

  @Handle(writeOffInvoice)
  writeOff(call: CallOf<typeof writeOffInvoice>) {
    const { reason } = call.body;
    return acted(call, 'invoice.write_off', {}, (target, actor) => writeOff(call.tx, actor, { ...target, reason }));
  }

  @Handle(recordPayment)
  pay(call: Money) {
    return this.moved(call, 'payment');
  }

  @Handle(recordRefund)
  refund(call: CallOf<typeof recordRefund>) {
    return this.moved(call, 'refund');
  }

  @Handle(refundSurplus)
  async refundSurplus(call: CallOf<typeof refundSurplus>) {
    const { amount, means, reference, at, reason } = call.body;
    const details = { amount: amount ?? null, means, reference };
    const { tenant, slug } = await audited(call, 'surplus.refund', details, (of, actor) =>
      giveBack(call.tx, actor, { tenant: of, amount, means, reference, at, reason }),
    );
    const { currency } = (await call.tx.first(accessOverview(tenant)))!;
    const { surplus_minor: left } = await requireAccount(call.tx, tenant);
    return { tenant_id: tenant, tenant: slug, surplus: moneyText(left, currency), currency };
  }

  @Handle(listPayments)
  async payments(call: CallOf<typeof listPayments>) {
    const { tenant: name, cursor, limit } = call.query;
    const tenant = name === undefined ? undefined : (await tenantNamed(call.tx, name)).tenant;
    const rows = await call.tx.query(factRows({ tenant }, before(cursor), limit));
    return pageOf(rows, limit, ({ id }) => id, deskPaymentView);
  }

  @Handle(listBillingMonths)
  async months(call: CallOf<typeof listBillingMonths>) {
    const rows = await call.tx.query(invoicedMonths(call.query.months));
    const data = rows.map(({ month, currency, invoices, total, before: last }) => ({
      month,
      currency,
      invoices: Number(invoices),
      total: moneyText(total, currency),
      difference: last === null ? null : moneyText(total - last, currency),
    }));
    return { data, next_cursor: null };
  }

  private moved(call: Money, kind: 'payment' | 'refund') {
    const { at, ...movement } = call.body;
    const { reason: _, ...details } = movement;
    return acted(call, `${kind}.record`, details, (target, actor) =>
      recordMovement(call.tx, actor, kind, { ...target, ...movement, at }),
    );
  }
}

/** The tenant of an invoice is looked up first: all further work happens under that tenant's lock. */
async function acted(
  call: Pick<Decision, 'tx' | 'principal' | 'params'> & { readonly body: { readonly reason: string } },
  action: string,
  details: Record<string, unknown>,
  act: (target: Target, actor: string) => Promise<unknown>,
) {
  const { tx, principal, params, body } = call;
  const { actor } = principal;
  const { id } = params;
  const row = await tx.first(invoiceRow({ id }));
  if (!row) throw errors.invoice_not_found();
  const tenant = row.tenant_id;
  await act({ tenant, invoice: id }, actor);
  await recordAct(tx, { actor, action, tenant, subject: `invoice/${id}`, reason: body.reason, details });
  return invoiceHistoryView(await readInvoiceHistory(tx, { tenant, id }));
}
