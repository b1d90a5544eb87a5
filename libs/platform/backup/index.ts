/**
 * Exports one store to a file and restores it. Reading order: policies, tables, archive, export-store, side-copy,
 * compare, apply.
 */
export type { TableComparison } from './compare.js';
export { exportStore } from './export-store.js';
export type { StoreEvents, TablePolicy } from './policies.js';
export { compareWithArchive, type Restored, restoreStore } from './restore-store.js';
export { aggregatesBack, type TenantTable, tenantTables } from './tables.js';
