export { envelopesOf, type StreamEntry } from './entry.js';
export { compareIds, type EntryId, NOTHING } from './entry-id.js';
export {
  type Acknowledgement,
  EventStreams,
  type FencingAnswer,
  furthestDelivered,
  type GroupPlace,
  hasHandled,
  type NewEntry,
  type StreamPlace,
} from './event-streams.js';
export { OWNER, StreamNames } from './names.js';
export { foreignEntries } from './metrics.js';
export { type PublishedEvent, RecoveryMarks, type StreamMark } from './recovery-marks.js';
export { assertStreamSettings, connectRedis, type RedisOptions } from './redis.js';
