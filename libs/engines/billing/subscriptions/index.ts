/** The stores' plans, and a preview of each store's next invoice. */
export { startSubscription } from './usecases/start-subscription.js';
export { subscriptionOverview } from './usecases/subscription-overview.js';
export { nextInvoiceView, subscribedPlanView, usageView } from './view.js';
