export { DatabaseModule } from './database.module.js';
export { isRetryable, violatedConstraint } from './failures.js';
export type { Column, JsonRow, Missing, Row } from './rows.js';
export { type Models, readModels } from './model-reads.js';
export { composedSql, json, type Sql, sql, type SqlValue } from './sql.js';
export { type Actor, TenantDatabase, type TenantScope, type TenantTransaction } from './tenant-database.js';
export type { Queryable } from './transaction.js';
