export type { EngineConsumer, PassOutcome } from './consumer.js';
