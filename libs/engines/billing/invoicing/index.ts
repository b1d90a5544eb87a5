/** Makes, numbers, corrects, explains and prints invoices, and computes the balance of each. */
export { type CreditRow, creditRows } from './data/credit-rows.js';
export { type Assignment, type SubscriptionFacts, subscriptionFacts } from './data/facts.js';
export { type InvoiceFilter, type InvoiceRow, invoiceRow, invoiceRows } from './data/invoice-rows.js';
export { invoicedMonths } from './data/invoiced-months.js';
export { type Balance, balanceOf } from './data/invoices.js';
export { unbilledUsage } from './data/unbilled-usage.js';
export type { LineExplanation, UsageExplanation } from './documents/explain.js';
export { explanationText } from './documents/explanation-text.js';
export { formatsFor, type Language, languageFor } from './documents/formats.js';
export { renderInvoicePdf } from './documents/invoice-pdf.js';
export {
  type BillingFacts,
  isLastPeriod,
  type KnownPeriod,
  type MadeInvoice,
  makeInvoices,
  missingPeriods,
} from './domain/billing-plan.js';
export { carryForward, applyBalance } from './usecases/apply-balance.js';
export {
  accountFacts,
  billingFacts,
  type BillingOutcome,
  billSubscription,
  rate,
} from './usecases/bill-subscription.js';
export { creditInvoice, issued, writeOffInvoice } from './usecases/credit-invoice.js';
export { approveInvoice, rejectInvoice } from './usecases/decide-invoice.js';
export {
  explained,
  type ExplainedInvoice,
  type InvoiceWithLines,
  invoiceWithLines,
  printable,
} from './usecases/read-invoice.js';
export { invoiceView, lineView } from './view.js';
