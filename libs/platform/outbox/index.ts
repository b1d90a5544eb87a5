export { type AggregateRef, emit, type EmittingTransaction, eventDay, OUTBOX_SIGNAL } from './emit.js';
