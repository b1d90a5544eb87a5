/**
 * One transaction on one connection, with as few round trips as its work allows:
 *
 *   idle ──first statement──▶ open ──commit──▶ committed
 *     │  (BEGIN + entry travel with it)  └──error / rollback──▶ rolled back
 *     └──commit without a statement──▶ committed, nothing is sent
 *
 * The entry statement binds the tenant (or announces the crossing) and returns the database's clock. Statements queued
 * by `atCommit` travel with COMMIT in the same round trip; if one fails, COMMIT is skipped and everything rolls back.
 */
import type pg from 'pg';
import { databaseFailure } from './failures.js';
import type { CommitSignals } from './signals.js';
import { type Sql, sql } from './sql.js';
import { pipeline, type StatementResult } from './wire.js';

const BEGIN = sql`begin`;
const COMMIT = sql`commit`;
const ROLLBACK = sql`rollback`;

/** One list of rows per statement, each with the row type of its statement. */
export type BatchRows<Statements extends readonly Sql[]> = {
  -readonly [Place in keyof Statements]: Statements[Place] extends Sql<infer Row> ? Row[] : never;
};

export interface Queryable {
  /** All rows. */
  query<Row>(statement: Sql<Row>): Promise<Row[]>;
  /** The first row or undefined. */
  first<Row>(statement: Sql<Row>): Promise<Row | undefined>;
  /** The number of rows the statement touched. */
  execute(statement: Sql): Promise<number>;
}

/** Statements that wait for the next round trip. */
interface Piggybacked {
  readonly statements: readonly Sql[];
  rows: unknown[][] | undefined;
}

export class TransactionState implements Queryable {
  private phase: 'idle' | 'open' | 'closed' = 'idle';
  private startedAt: Date | undefined;
  private readonly committing: (() => Sql)[] = [];
  private readonly committed: (() => void)[] = [];
  private readonly piggybacked: Piggybacked[] = [];

  constructor(
    readonly client: pg.ClientBase,
    private readonly entry: readonly Sql[],
    private readonly signals: CommitSignals,
  ) {}

  async query<Row>(statement: Sql<Row>): Promise<Row[]> {
    return (await this.run(statement)).rows as Row[];
  }

  async first<Row>(statement: Sql<Row>): Promise<Row | undefined> {
    return (await this.query(statement))[0];
  }

  async execute(statement: Sql): Promise<number> {
    return (await this.run(statement)).count;
  }

  /** Runs several statements in one round trip. Returns one list of rows per statement, in order. */
  async batch<const Statements extends readonly Sql[]>(statements: Statements): Promise<BatchRows<Statements>> {
    return (await this.roundTrip(statements)).map((result) => result.rows) as BatchRows<Statements>;
  }

  /**
   * Queues statements that travel before the next statement of this transaction, in its round trip. The returned
   * function resolves with their rows; if no statement has followed by then, it sends them.
   */
  piggyback<const Statements extends readonly Sql[]>(statements: Statements): () => Promise<BatchRows<Statements>> {
    const each: Piggybacked = { statements, rows: undefined };
    this.piggybacked.push(each);
    return async () => {
      if (!each.rows) await this.roundTrip([]);
      return each.rows as BatchRows<Statements>;
    };
  }

  /** The database's clock at the start of this transaction. */
  async now(): Promise<Date> {
    if (!this.startedAt) await this.roundTrip([]);
    return this.startedAt!;
  }

  /** Built when the transaction commits and sent in the same round trip as COMMIT. */
  atCommit(statement: () => Sql): void {
    this.committing.push(statement);
  }

  /** Signals `topic` in this process after the transaction has committed; a rollback sends no signal. */
  signal(topic: string, tenant: string): void {
    this.committed.push(() => this.signals.announce(topic, tenant));
  }

  /** Opens the transaction if no statement has done so yet (Prisma's reads join it this way). */
  async open(): Promise<void> {
    if (this.phase === 'idle') await this.roundTrip([]);
  }

  async commit(): Promise<void> {
    if (this.phase === 'open' || this.committing.length + this.piggybacked.length > 0) {
      await this.roundTrip([...this.committing.map((build) => build()), COMMIT]);
    }
    this.phase = 'closed';
    for (const action of this.committed) action();
  }

  async rollback(): Promise<void> {
    if (this.phase === 'open') await pipeline(this.client, [ROLLBACK]);
    this.phase = 'closed';
  }

  private async run(statement: Sql): Promise<StatementResult> {
    return (await this.roundTrip([statement]))[0]!;
  }

  private async roundTrip(statements: readonly Sql[]): Promise<StatementResult[]> {
    if (this.phase === 'closed')
      throw new Error('the transaction has ended; a statement came after its commit or rollback');
    const opening = this.phase === 'idle' ? [BEGIN, ...this.entry] : [];
    this.phase = 'open';
    const piggybacked = this.piggybacked.splice(0);
    const ahead = piggybacked.flatMap((each) => each.statements);
    try {
      const results = await pipeline(this.client, [...opening, ...ahead, ...statements]);
      if (opening.length > 0) this.startedAt = results[1]!.rows[0]!['now'] as Date;
      let place = opening.length;
      for (const each of piggybacked) {
        each.rows = results.slice(place, place + each.statements.length).map((result) => result.rows);
        place += each.statements.length;
      }
      return results.slice(place);
    } catch (error) {
      throw databaseFailure(error);
    }
  }
}
