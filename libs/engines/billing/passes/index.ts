/** The passes over all tenants, their runs, and the parked tenants. */
export { BILLING_PASSES } from './usecases/billing-passes.js';
export { measureBilling } from './usecases/measure-billing.js';
