/** The rules of plans that other rules use. Nothing here reads or writes. */
export { nextPeriod, type Period, periodsUntil, type Subscription } from './periods.js';
export {
  baseParts,
  isWhollySuspended,
  meterInPhase,
  type Phase,
  phasesOf,
  type PlanAssignment,
  type Suspension,
} from './proration.js';
export { amountOf, billable, limitsOf, type Meter, MICRO, type Plan } from './rating.js';
