export { runOutboundExchange, type OutboundExchange, outboundExchange } from './outbound-exchange.js';
export { Fingerprints } from './fingerprint.js';
export { idempotencyKey, type IdempotencyKey, withIdempotencyKey } from './idempotency-key.js';
