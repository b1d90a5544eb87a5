/** One store in a file, and back. Read in this order: policies, tables, archive, export-store, side-copy, compare, apply. */
export type { TableComparison } from './compare.js';
export { exportStore } from './export-store.js';
export type { StorePolicies, TablePolicy } from './policies.js';
export { compareWithArchive, type Restored, restoreStore } from './restore-store.js';
export { tenantTables } from './tables.js';
