/** Billing's operations: the store's own bill and payment method, then the operator's operations. */
import type { Tags } from '../operation.js';

export * from './bill.js';
export * from './methods.js';
export * from './plans.js';
export * from './invoicing.js';
export * from './access.js';
export * from './providers.js';

export const tags: Tags = {
  Billing: { order: 100, description: 'What the store uses, what that costs, and what it has been invoiced.' },
  Plans: {
    order: 210,
    description: 'What stores are offered: a base fee, what it includes, and what use beyond it costs.',
  },
  Subscriptions: { order: 220, description: 'Which store is on which plan, since when and until when.' },
  Invoices: { order: 230, description: 'What stores were invoiced, why, and what became of it.' },
  Payments: { order: 240, description: 'Money that came in and went back.' },
  Access: { order: 250, description: 'Grace, holds and suspensions, and the passes that decide on them.' },
};
