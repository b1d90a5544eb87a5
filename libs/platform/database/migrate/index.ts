export { assertMigrated, migrationStatus } from './assert-migrated.js';
export { type Migration, migrationOf, migrationsDirectory, readMigrations } from './files.js';
export type { MigrationStatus } from './history.js';
export { migrate, type MigrateOptions } from './migrate.js';
