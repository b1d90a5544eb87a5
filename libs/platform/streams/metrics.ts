import { counter } from '#platform/telemetry';

/** An alert depends on this name and label. `reader` is the engine's name or `relay`. */
export const foreignEntries = counter({
  name: 'stream_foreign_entries_total',
  help: 'Entries that no relay can have written; they were skipped',
  labelNames: ['reader'],
});
