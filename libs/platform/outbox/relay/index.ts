/**
 * From the outbox to Redis Streams. Read the files in this order: ownership (which process leads), backlog (which events, in
 * which order), window (how many), relay-repository (the statements), term (one term of leadership), reconciler (what Redis
 * lost), relay (the process).
 */
export { Backlog, type Chunk, type Key, type Pack, type Reading, type Snapshot } from './backlog.js';
export { claimLease, type LeaseRow } from './ownership.js';
export { type Frontier, isReached, type Subscriptions } from './reconciler.js';
export { Relay, type RelayOptions } from './relay.js';
export { RELAY_LIMITS, RelayModule, type RelayModuleOptions } from './relay.module.js';
export { BEGINNING, RelayRepository } from './relay-repository.js';
export { type RelayStep, Term, TermEnded, type TermParts } from './term.js';
export { entriesOf, Window } from './window.js';
