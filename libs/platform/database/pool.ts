/**
 * Connections that carry a role. `role` and the timeouts travel in the startup packet, so that no statement has to set
 * them and `RESET ROLE` leads back to the same role.
 */
import pg from 'pg';
import { watchPool } from './metrics.js';

/** The roles own no table and bypass no policy; the policies state what each may see. See prisma/structure.sql. */
export type DatabaseRole = 'basecommerce_app' | 'basecommerce_operator' | 'basecommerce_relay' | 'basecommerce_engines';

export interface PoolOptions {
  url: string;
  role: DatabaseRole;
  /** Name shown in pg_stat_activity. */
  application: string;
  maxConnections?: number;
  statementTimeoutMs?: number;
  /**
   * For one-shot work that processes one tenant after the other and finds every row by key. PostgreSQL plans a
   * statement once and keeps the plan. A plan that was made while a table was small reads the whole table, and gets
   * slower with each tenant (1,000 tenants with 14 bills each: 104 s, and 12 s by key). Foreign keys are checked by
   * such plans as well.
   */
  readsByKey?: boolean;
  /** Shifts app.now(): tests and the demo seed live in another time. Never set from configuration. */
  clockOffset?: string;
  onIdleError?: (error: Error) => void;
}

/**
 * Plans the relay's few statements once. Planning one again takes longer than running it (0.45 of 0.8 ms over nine days
 * of the outbox, more over four hundred), and the days that it reads are decided when it runs.
 */
const PLANNED_ONCE: readonly DatabaseRole[] = ['basecommerce_relay'];

export function createPool(options: PoolOptions): pg.Pool {
  const settings = [
    `-c role=${options.role}`,
    `-c statement_timeout=${options.statementTimeoutMs ?? 5_000}`,
    '-c idle_in_transaction_session_timeout=15000',
    '-c lock_timeout=4000',
    '-c timezone=UTC',
    // JIT pays only for queries of seconds. `readsByKey` and `plansOnce` set `enable_seqscan` to off, which adds a
    // large cost to each read of a whole table. A small table without an index would then be compiled each time.
    '-c jit=off',
    ...(PLANNED_ONCE.includes(options.role) ? ['-c plan_cache_mode=force_generic_plan'] : []),
    ...(options.readsByKey ? ['-c enable_seqscan=off'] : []),
    ...(options.clockOffset ? [`-c app.clock_offset=${options.clockOffset.replaceAll(' ', '\\ ')}`] : []),
  ];
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: options.application,
    max: options.maxConnections ?? 10,
    idleTimeoutMillis: 60_000,
    connectionTimeoutMillis: 3_000,
    keepAlive: true,
    options: settings.join(' '),
  });
  watchPool(pool, options.application);
  // Without a listener an idle connection that breaks would end the process; the pool replaces it.
  pool.on('error', (error) => options.onIdleError?.(error));
  // The same for a connection that breaks while it is checked out: its user gets the error from the failing statement.
  pool.on('connect', (client) => client.on('error', (error) => options.onIdleError?.(error)));
  return pool;
}
