/**
 * The other door: work that spans tenants (relay, engines, operator). Each role sees exactly the tables whose policies
 * name it. Importable only from operator and worker folders; the walls check that.
 */
import type pg from 'pg';
import { connectionFault, databaseFailure, isRetryable } from './failures.js';
import { createPool, type DatabaseRole, type PoolOptions } from './pool.js';
import { CommitSignals } from './signals.js';
import { composedSql, type Sql } from './sql.js';
import { type BatchRows, type Queryable, TransactionState } from './transaction.js';
import { pipeline } from './wire.js';

declare const crossing: unique symbol;

/** A transaction that may see several tenants; `role` says by which policies. */
export interface CrossTenantTransaction extends Queryable {
  readonly [crossing]: true;
  /** Runs several statements in one round trip. Returns one list of rows per statement, in order. */
  batch<const Statements extends readonly Sql[]>(statements: Statements): Promise<BatchRows<Statements>>;
  /** Statements that travel with the next one, ahead of it; the function resolves with their rows. */
  piggyback<const Statements extends readonly Sql[]>(statements: Statements): () => Promise<BatchRows<Statements>>;
  now(): Promise<Date>;
  atCommit(statement: () => Sql): void;
  signal(topic: string, tenant: string): void;
}

export type CrossingRole = Exclude<DatabaseRole, 'basecommerce_app'>;

export interface CrossingOptions {
  /** A check that travels with BEGIN and raises an error to refuse. */
  readonly guard?: Sql | undefined;
  /**
   * PostgreSQL's asynchronous commit: COMMIT returns before it is on the disk. Use it only for work that is done again
   * if a crash of PostgreSQL loses it.
   */
  readonly isAsynchronous?: boolean;
  /**
   * For repeated work with few different statements, all of which find their rows by key. PostgreSQL plans each once
   * per connection; by default it plans statements with array parameters every time, which took longer than running
   * them (0.10 of 0.18 ms for moving the gate). Kept plans must not read whole tables: they may have been made while
   * those were small.
   */
  readonly plansOnce?: boolean;
}

function entryOf({ isAsynchronous = false, plansOnce = false }: CrossingOptions): Sql {
  return composedSql(
    `select app.now() as now${isAsynchronous ? `, set_config('synchronous_commit', 'off', true)` : ''}${
      plansOnce
        ? `, set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true)`
        : ''
    }`,
  );
}

const ATTEMPTS = 4;

export class CrossTenantDatabase implements Queryable {
  readonly pool: pg.Pool;
  readonly signals = new CommitSignals();

  constructor(options: PoolOptions & { role: CrossingRole }) {
    this.pool = createPool(options);
  }

  /** Refuses a role that owns tables or bypasses row security: the role would work without any isolation. */
  async assertConfined(): Promise<void> {
    await this.pool.query('select app.assert_confined()');
  }

  async query<Row>(statement: Sql<Row>): Promise<Row[]> {
    return (await this.roundTrip([statement]))[0]!.rows as Row[];
  }

  async first<Row>(statement: Sql<Row>): Promise<Row | undefined> {
    return (await this.query(statement))[0];
  }

  async execute(statement: Sql): Promise<number> {
    return (await this.roundTrip([statement]))[0]!.count;
  }

  async transaction<Result>(
    work: (tx: CrossTenantTransaction) => Promise<Result>,
    options: CrossingOptions = {},
  ): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(work, true, options);
      } catch (error) {
        if (attempt === ATTEMPTS || !isRetryable(error)) throw error;
      }
    }
  }

  /** Like `transaction`, but rolled back at the end. */
  async rehearse<Result>(
    work: (tx: CrossTenantTransaction) => Promise<Result>,
    options: CrossingOptions = {},
  ): Promise<Result> {
    return this.attempt(work, false, options);
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private async attempt<Result>(
    work: (tx: CrossTenantTransaction) => Promise<Result>,
    keep: boolean,
    options: CrossingOptions,
  ): Promise<Result> {
    const client = await this.connect();
    const entry = entryOf(options);
    const { guard } = options;
    const state = new TransactionState(client, guard ? [entry, guard] : [entry], this.signals);
    let broken: Error | undefined;
    try {
      const result = await work(state as unknown as CrossTenantTransaction);
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

  private async roundTrip(statements: readonly Sql[]) {
    const client = await this.connect();
    let broken: Error | undefined;
    try {
      return await pipeline(client, statements);
    } catch (error) {
      broken = connectionFault(error);
      throw databaseFailure(error);
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
