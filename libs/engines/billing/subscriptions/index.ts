/** Which store is on which plan, and what its next invoice would be. */
export { startSubscription } from './usecases/start-subscription.js';
export { subscriptionOverview } from './usecases/subscription-overview.js';
export { nextInvoiceView, subscribedPlanView, usageView } from './view.js';
