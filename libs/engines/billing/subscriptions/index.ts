/** Which store is on which plan, and what its next invoice would be. */
export { startSubscription } from './usecases/start-subscription.js';
export { subscriptionPicture } from './usecases/subscription-picture.js';
export { nextInvoiceView, subscribedPlanView, usageView } from './view.js';
