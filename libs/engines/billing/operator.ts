/** The operator's controllers of billing: console host only; each change is audited with its reason. */
import { Module } from '#platform/nest';
import { BillingAccessController } from './access/controllers/access.js';
import { InvoicesController } from './collection/controllers/invoices.js';
import { PaymentProvidersController } from './collection/controllers/payment-providers.js';
import { UnbilledUsageController } from './invoicing/controllers/unbilled-usage.js';
import { PassesController } from './passes/controllers/passes.js';
import { PlansController } from './plans/controllers/plans.js';
import { SubscriptionsController } from './subscriptions/controllers/subscriptions.js';

@Module({
  controllers: [
    PlansController,
    SubscriptionsController,
    InvoicesController,
    BillingAccessController,
    PassesController,
    UnbilledUsageController,
    PaymentProvidersController,
  ],
})
export class BillingOperator {}
