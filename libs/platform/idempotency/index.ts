export { askedOnce, type Exchange, exchange } from './asked.js';
export { idempotencyKey, type IdempotencyKey, once } from './once.js';
