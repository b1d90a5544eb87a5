/**
 * From Redis Streams to the consumers. Read the files in this order: gate (which events may be applied), assumed-places
 * (predicting the gate's answer), applier (exactly once, poison events), retry, lease-plan and lease-repository (which worker),
 * consumer-loop (how events arrive), worker (the process).
 */
export { Applier, LeaseLost, type WorkerStep } from './applier.js';
export { engineCommand } from './command.js';
export { type Arrival, arrivalOf } from './event.js';
export { verdictOf, type Place, sift, UNSEEN } from './gate.js';
export { type PartitionLease, planLeases } from './lease-plan.js';
export { afterFailure, RETRY_POLICY, type RetryPolicy } from './retry.js';
export { Worker, type WorkerOptions } from './worker.js';
export { replay, type ReplayOutcome } from './replay.js';
export { type PassRequest, runPass, type TenantOutcome } from './run-pass.js';
export type { WorkerModuleOptions } from './worker.module.js';
export { drainUntilIdle } from './drain-until-idle.js';
