export type { EventConsumer, PassOutcome } from './consumer.js';
export type { EnginePass, PassContext, PassEvent, PassFact } from './pass.js';
