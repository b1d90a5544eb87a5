/** Exports for the demo, which runs two months of billing in a second. */
export { createPlan } from './plans/index.js';
export { confirmClosing } from './access/index.js';
export { recordMovement } from './collection/index.js';
export { startSubscription } from './subscriptions/index.js';
export { BILLING_PASSES } from './passes/index.js';
export { billingEngine } from './worker.js';
