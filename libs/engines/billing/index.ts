/** For the demo, which lives through two months of billing in a second. */
export { createPlan } from './usecases/operator/create-plan.js';
export { confirmClosing } from './usecases/operator/manage-access.js';
export { recordMovement } from './usecases/operator/record-movement.js';
export { startSubscription } from './usecases/operator/start-subscription.js';
export { BILLING_PASSES } from './passes/index.js';
export { billingEngine } from './worker.js';
