export { type AggregateRef, emit, type EmittingTransaction, eventDay, onBehalfOf, OUTBOX_SIGNAL } from './emit.js';
export { OutboxWaker } from './waker.js';
