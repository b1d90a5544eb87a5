import { errorTable } from '#kernel';

export const errors = errorTable({
  archive_unreadable: ['invalid', 'This file is not an archive of a store, or cannot be read.'],
  archive_damaged: ['invalid', 'The archive is damaged or cut off: nothing was taken from it.'],
  archive_locked: ['invalid', 'The archive is encrypted: name the file with its key (--key-file).'],
  archive_key_wrong: ['invalid', 'The key does not open this archive, or the file was changed.'],
  archive_of_another_store: ['conflict', 'The archive is of another store.'],
  archive_schema_changed: [
    'conflict',
    'Tables have changed since the archive was made: restore into a database of its release, migrate that, and export again.',
  ],
  table_without_policy: ['internal', 'A table does not state what a restore does to it, or no role can read it.'],
  aggregate_without_policy: [
    'internal',
    'No table states what a restore does to the events of an aggregate: name the aggregate in the app.protect of its table.',
  ],
  restore_needs_owner: [
    'forbidden',
    'Restoring a store needs the rights of the migrations: use the DATABASE_URL of the migrations.',
  ],
  restore_fenced: ['conflict', 'The database is fenced: confirm its recovery epoch first, then restore the store.'],
  restore_incomplete: ['internal', 'The store would not have become what the archive says; nothing was kept.'],
  store_busy: ['unavailable', 'Requests of the store are still under way; nothing was changed. Try again.'],
  store_not_found: ['not_found', 'There is no such store.'],
});
