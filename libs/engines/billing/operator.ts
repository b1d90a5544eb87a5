/** The operator's doors to billing: console host only, every change audited with its reason. */
import { Module } from '@nestjs/common';
import { BillingAccessController } from './operator/access.js';
import { InvoicesController } from './operator/invoices.js';
import { PlansController } from './operator/plans.js';
import { PaymentProvidersController } from './operator/providers.js';
import { SubscriptionsController } from './operator/subscriptions.js';

@Module({
  controllers: [
    PlansController,
    SubscriptionsController,
    InvoicesController,
    BillingAccessController,
    PaymentProvidersController,
  ],
})
export class BillingOperator {}
