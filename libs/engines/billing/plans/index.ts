/** Plans: prices, limits, periods, and the part of a period that a plan covers. */
export { plansOf, type PlanTerms } from './data/plans.js';
export { boundary, type Period, periodsUntil } from './domain/periods.js';
export { baseParts, meterInPhase, type Phase, phasesOf, type PlanAssignment } from './domain/proration.js';
export {
  amountOf,
  billable,
  ceilingOf,
  limitsOf,
  type Meter,
  MICRO,
  type Plan,
  thresholdsCrossed,
} from './domain/rating.js';
export { countInEvent, entitlementsOf } from './usecases/announce-entitlements.js';
export { choosePlan, type PlanChoice } from './usecases/choose-plan.js';
export { createPlan } from './usecases/create-plan.js';
export { intervalOf, periodView } from './view.js';
