export {
  confirmEpoch,
  fenceDatabase,
  raiseEpoch,
  recoveryErrors,
  type RecoveryStatus,
  recoveryStatus,
} from './decide.js';
export { adoptLineage, fence, fenceOf, NOT_FENCED, readRecovery, type Recovery } from './fence.js';
