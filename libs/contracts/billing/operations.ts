/** Billing's operations: the store's own bill and how it pays, then the operator's desk. */
export * from './bill.js';
export * from './methods.js';
export * from './plans.js';
export * from './invoicing.js';
export * from './access.js';
export * from './providers.js';
