export { migrationsDirectory, readMigrations } from './files.js';
export { migrate, migrationStatus, type MigrationStatus } from './migrate.js';
