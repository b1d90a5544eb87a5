export { assertMigrated } from './assert-migrated.js';
export { type Migration, migrationOf, migrationsDirectory, readMigrations } from './files.js';
export type { MigrationStatus } from './history.js';
export { migrate, type MigrateOptions } from './migrate.js';
export { type MigrationPlan, planMigrations } from './plan.js';
