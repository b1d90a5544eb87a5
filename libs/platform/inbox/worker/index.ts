/**
 * From Redis Streams into the engines. Read in this order: gate (what may be applied), applier (exactly once, poison),
 * retry, lease-plan and lease-store (who), engine-loop (how events come), worker (the process).
 */
export { Applier, LeaseLost, type WorkerStep } from './applier.js';
export { type Arrival, arrivalOf } from './event.js';
export { judge, type Place, sift, UNSEEN } from './gate.js';
export { type PartitionLease, planLeases } from './lease-plan.js';
export { afterFailure, RETRY_POLICY, type RetryPolicy } from './retry.js';
export { Worker, type WorkerOptions } from './worker.js';
