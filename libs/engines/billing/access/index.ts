/** Access of a tenant: access states, grace, holds, suspension. */
export { accessOverview } from './data/access-overview.js';
export { announceAccess, readAccess, saveDecision } from './data/access.js';
export type { AccessState } from './domain/access-states.js';
export {
  type AccessDecision,
  decideRestoration,
  graceDeadline,
  type SuspendedSpan,
  suspendedSpans,
} from './domain/access.js';
export { NOTICE_STEPS, type NoticeStep } from './domain/dunning.js';
export { decide } from './usecases/decide-tenant.js';
export { confirmClosing } from './usecases/manage-access.js';
export { accessView } from './view.js';
