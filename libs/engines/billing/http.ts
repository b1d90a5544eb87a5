/** A store's routes to its own bill. All of them stay readable while the store is suspended. */
import { Controller, Inject, Module } from '#platform/nest';
import {
  getBilling,
  getOwnInvoice,
  getOwnInvoicePdf,
  listOwnInvoices,
  listOwnPayments,
  removeOwnPaymentMethod,
  setUpOwnPaymentMethod,
} from '#contracts/billing/operations';
import { SETTINGS, type Settings } from '#platform/config';
import { type CallOf, type ExchangeCall, Handle, HandleExchange } from '#platform/http';
import { outboundExchange } from '#platform/idempotency';
import { before, pageOf } from '#platform/paging';
import { accessView, accessOverview } from './access/index.js';
import { instantText } from './accounts/index.js';
import {
  defaultMethod,
  factRows,
  methodView,
  openMethodPage,
  pageQuestion,
  PaymentPages,
  paymentView,
  removeOwnMethod,
} from './collection/index.js';
import {
  invoiceRows,
  invoiceView,
  invoiceWithLines,
  lineView,
  printable,
  renderInvoicePdf,
} from './invoicing/index.js';
import { periodView } from './plans/index.js';
import { nextInvoiceView, subscribedPlanView, subscriptionOverview, usageView } from './subscriptions/index.js';

/** Billing knows a store after its first event. Before that, and without a plan, it owes nothing and has no limits. */
const NO_SUBSCRIPTION = {
  currency: null,
  plan: null,
  period: null,
  ends_at: null,
  access: { state: 'active', trial_ends_at: null, grace_ends_at: null, holds: [], past_due: '0.00' },
  next_invoice: null,
  payment_method: null,
  usage: [],
} as const;

@Controller()
export class BillingController {
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(PaymentPages) private readonly pages: PaymentPages,
  ) {}

  @Handle(getBilling)
  async show(call: CallOf<typeof getBilling>) {
    const { tenant } = call.scope;
    return call.database.transaction(call.scope, async (tx) => {
      const now = await tx.now();
      const accessRow = await tx.first(accessOverview(tenant));
      if (!accessRow) return { ...NO_SUBSCRIPTION, access: { ...NO_SUBSCRIPTION.access, holds: [] }, usage: [] };
      const access = accessView(accessRow);
      const method = await tx.first(defaultMethod(tenant));
      const payment_method = method ? methodView(method) : null;
      const overview = await subscriptionOverview(tx, tenant, now);
      if (!overview) return { ...NO_SUBSCRIPTION, access, payment_method, usage: [] };
      return {
        currency: overview.plan.currency,
        plan: subscribedPlanView(overview),
        period: overview.current && periodView(overview.current),
        ends_at: instantText(overview.endsAt),
        access,
        next_invoice: nextInvoiceView(overview),
        payment_method,
        usage: usageView(overview, now),
      };
    });
  }

  @Handle(listOwnInvoices)
  async invoices(call: CallOf<typeof listOwnInvoices>) {
    const { cursor, limit } = call.query;
    const { tenant } = call.scope;
    const rows = await call.database.read(
      call.scope,
      invoiceRows({ tenant, isIssuedOnly: true }, before(cursor), limit),
    );
    return pageOf(rows, limit, (row) => row.id, invoiceView);
  }

  @Handle(getOwnInvoice)
  async invoice(call: CallOf<typeof getOwnInvoice>) {
    const filter = { tenant: call.scope.tenant, id: call.params.id, isIssuedOnly: true };
    const { invoice, lines } = await call.database.transaction(call.scope, (tx) => invoiceWithLines(tx, filter));
    return { ...invoiceView(invoice), lines: lines.map((line) => lineView(line, invoice.currency)) };
  }

  @Handle(getOwnInvoicePdf)
  async pdf(call: CallOf<typeof getOwnInvoicePdf>) {
    const filter = { tenant: call.scope.tenant, id: call.params.id };
    return renderInvoicePdf(await call.database.transaction(call.scope, (tx) => printable(tx, filter, this.settings)));
  }

  @HandleExchange(setUpOwnPaymentMethod)
  setUpMethod({ body }: ExchangeCall<typeof setUpOwnPaymentMethod>) {
    const { BASE_DOMAIN: domain } = this.settings;
    return outboundExchange({
      prepare: (tx) => pageQuestion(tx, (slug) => `https://${slug}.${domain}${body.return_path}`),
      call: async (request, id) => openMethodPage(await this.pages.provider(), request, id),
      conclude: (_, { url, expiresAt }) => ({ url, expires_at: expiresAt.toISOString() }),
    });
  }

  @Handle(removeOwnPaymentMethod)
  async removeMethod({ tx }: CallOf<typeof removeOwnPaymentMethod>) {
    return { removed: methodView(await removeOwnMethod(tx)) };
  }

  @Handle(listOwnPayments)
  async payments(call: CallOf<typeof listOwnPayments>) {
    const { cursor, limit } = call.query;
    const rows = await call.database.read(call.scope, factRows({ tenant: call.scope.tenant }, before(cursor), limit));
    return pageOf(rows, limit, (row) => row.id, paymentView);
  }
}

@Module({ controllers: [BillingController], providers: [PaymentPages] })
export class BillingHttp {}
