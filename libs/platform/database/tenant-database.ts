/**
 * The door to tenant tables. There is no way to reach one without naming the tenant: a `TenantScope` opens either one
 * statement (`read`, one round trip including isolation) or a `TenantTransaction`, the only type repositories accept.
 */
import type pg from 'pg';
import type { TenantId } from '#kernel';
import { connectionFault, databaseFailure, isRetryable } from './failures.js';
import { createPool, type PoolOptions } from './pool.js';
import { CommitSignals } from './signals.js';
import { type Sql, sql } from './sql.js';
import { type BatchRows, type Queryable, TransactionState } from './transaction.js';
import { pipeline } from './wire.js';

export interface Actor {
  /** `user:<id>`, `system:<process>` or `operator:<id>`; travels into events and audit entries. */
  readonly id: string;
}

export interface TenantScope {
  readonly tenant: TenantId;
  readonly actor: Actor;
  /** W3C trace context of the request, carried into the events it causes. */
  readonly traceparent?: string;
  /** Runs behind the tenant binding in the same round trip and raises to refuse (session revoked, tenant suspended). */
  readonly guard?: Sql;
}

declare const bound: unique symbol;

/** A transaction that sees one tenant's rows and no other's. */
export interface TenantTransaction extends Queryable {
  readonly [bound]: true;
  readonly tenant: TenantId;
  readonly actor: Actor;
  readonly traceparent: string | undefined;
  /** Runs several statements in one round trip. Returns one list of rows per statement, in order. */
  batch<const Statements extends readonly Sql[]>(statements: Statements): Promise<BatchRows<Statements>>;
  now(): Promise<Date>;
  atCommit(statement: () => Sql): void;
  signal(topic: string, tenant: string): void;
}

const ATTEMPTS = 4;

export class TenantDatabase {
  readonly pool: pg.Pool;
  readonly signals = new CommitSignals();

  constructor(options: Omit<PoolOptions, 'role'>) {
    this.pool = createPool({ ...options, role: 'basecommerce_app' });
  }

  /** Refuses a role that owns tables or bypasses row security: the role would work without any isolation. */
  async assertConfined(): Promise<void> {
    await this.pool.query('select app.assert_confined()');
  }

  /** Runs one statement in one round trip: tenant binding, guard and statement are one implicit transaction. */
  async read<Row>(scope: TenantScope, statement: Sql<Row>): Promise<Row[]> {
    const client = await this.connect();
    let broken: Error | undefined;
    try {
      const entry = entryOf(scope);
      const results = await pipeline(client, [...entry, statement]);
      return results[entry.length]!.rows as Row[];
    } catch (error) {
      broken = connectionFault(error);
      throw databaseFailure(error);
    } finally {
      client.release(broken);
    }
  }

  /**
   * Runs `work` in one transaction and commits. Deadlocks and serialization failures run it again from the start, so
   * `work` must do nothing outside the transaction but through `signal`.
   */
  async transaction<Result>(scope: TenantScope, work: (tx: TenantTransaction) => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(scope, work);
      } catch (error) {
        if (attempt === ATTEMPTS || !isRetryable(error)) throw error;
      }
    }
  }

  /** Like `transaction`, but it rolls back at the end: a dry run shows exactly what the real run would do. */
  async rehearse<Result>(scope: TenantScope, work: (tx: TenantTransaction) => Promise<Result>): Promise<Result> {
    return this.attempt(scope, work, false);
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private async attempt<Result>(
    scope: TenantScope,
    work: (tx: TenantTransaction) => Promise<Result>,
    keep = true,
  ): Promise<Result> {
    const client = await this.connect();
    const state = new TransactionState(client, entryOf(scope), this.signals);
    let broken: Error | undefined;
    try {
      const result = await work(bind(state, scope));
      await (keep ? state.commit() : state.rollback());
      return result;
    } catch (error) {
      broken = connectionFault(error);
      if (!broken) await state.rollback().catch((failure: Error) => (broken = failure));
      throw error;
    } finally {
      client.release(broken);
    }
  }

  private async connect(): Promise<pg.PoolClient> {
    try {
      return await this.pool.connect();
    } catch (error) {
      throw databaseFailure(error);
    }
  }
}

export function entryOf(scope: TenantScope): Sql[] {
  const binding = sql`select set_config('app.tenant_id', ${scope.tenant}, true), app.now() as now`;
  return scope.guard ? [binding, scope.guard] : [binding];
}

function bind(state: TransactionState, scope: TenantScope): TenantTransaction {
  return Object.assign(state, {
    tenant: scope.tenant,
    actor: scope.actor,
    traceparent: scope.traceparent,
  }) as unknown as TenantTransaction;
}
