/** Collects the money for invoices: payments, payment methods, attempts to charge, providers and notices. */
export { defaultMethod } from './data/methods.js';
export { factRows } from './data/payment-rows.js';
export { configuredProvider, PaymentPages } from './providers/configured.js';
export { chargeDueInvoices } from './usecases/charge-invoice.js';
export { openMethodPage, pageQuestion, removeOwnMethod } from './usecases/own-method.js';
export { reconcileAttempts } from './usecases/reconcile-attempts.js';
export { recordMovement } from './usecases/record-movement.js';
export { sendNotices } from './usecases/send-notices.js';
export { takeProviderEvents } from './usecases/take-provider-events.js';
export { methodView, paymentView } from './view.js';
