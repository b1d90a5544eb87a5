/** For the demo, which lives through two months of billing in a second. */
export { createPlan } from './plans/usecases/create-plan.js';
export { confirmClosing } from './access/usecases/manage-access.js';
export { recordMovement } from './collection/usecases/record-movement.js';
export { startSubscription } from './subscriptions/usecases/start-subscription.js';
export { BILLING_PASSES } from './passes/usecases/billing-passes.js';
export { billingEngine } from './worker.js';
