export { idempotencyKey, type IdempotencyKey, once } from './once.js';
