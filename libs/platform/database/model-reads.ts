/**
 * Plain reads through Prisma's client, within a transaction of ours: one row by id, or a list with optional conditions and
 * sorts. The client has no connection of its own. Each read runs on the connection of the transaction that it is given,
 * behind BEGIN, the tenant's binding and the session's check, so row security applies to it as to any statement.
 *
 *   readModels(tx, …) ─▶ BEGIN, binding, guard ─▶ Prisma composes SQL ─▶ the transaction's connection
 *
 * Prisma's BEGIN, COMMIT and ROLLBACK are not sent: the transaction is begun and ended by its owner. STYLE.md states
 * which reads belong here; docs/adr/0007-statements-are-sql.md has the figures.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import pg from 'pg';
import { databaseFailure } from './failures.js';
import type { PrismaClient } from './prisma-client/client.js';
import type { TableName } from './rows.js';
import { TransactionState } from './transaction.js';
import type { Queryable } from './transaction.js';

/** Prisma's models, for reading. `undefined` in a condition throws, so that no condition is left out by mistake. */
export type Models = {
  readonly [Table in TableName & keyof PrismaClient]: Pick<
    PrismaClient[Table],
    'findUnique' | 'findFirst' | 'findMany' | 'count'
  >;
};

/** Longer than the statement timeout of every role: PostgreSQL ends a slow read, not Prisma. */
const LONGEST_MS = 60_000;

interface Reading {
  readonly transaction: TransactionState;
  /** What PostgreSQL answered, before Prisma wraps it. */
  failure?: unknown;
}

const reading = new AsyncLocalStorage<Reading>();

/**
 * `work` gets the models and returns what they return: `numeric` columns as Prisma's Decimal, `date` columns as Date.
 * Throws what the transaction's own statements throw, and Prisma's error for a request that makes no sense.
 */
export async function readModels<Result>(tx: Queryable, work: (models: Models) => Promise<Result>): Promise<Result> {
  if (!(tx instanceof TransactionState)) throw new Error('models are read within a transaction');
  const client = await prismaClient();
  await tx.open();
  const current: Reading = { transaction: tx };
  try {
    return await reading.run(current, () => client.$transaction(work, { timeout: LONGEST_MS, maxWait: LONGEST_MS }));
  } catch (error) {
    throw databaseFailure(current.failure ?? error);
  }
}

let client: Promise<PrismaClient> | undefined;

/** Loaded at the first read: a command that reads no model does not pay for the client (0.2 s). */
function prismaClient(): Promise<PrismaClient> {
  client ??= loadClient();
  return client;
}

async function loadClient(): Promise<PrismaClient> {
  const [{ PrismaClient: Client }, { PrismaPg }] = await Promise.all([
    import('./prisma-client/client.js'),
    import('@prisma/adapter-pg'),
  ]);
  const adapter = new PrismaPg(new TransactionPool(), { statementNameGenerator: ({ sql }) => nameOf(sql) });
  return new Client({ adapter });
}

/** What Prisma takes for a pool: its "connections" are the transactions of the callers. */
class TransactionPool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: (...answer: never[]) => void): void;
  override connect(): Promise<pg.PoolClient> {
    const current = reading.getStore();
    if (!current) throw new Error('a model was read outside of readModels');
    return Promise.resolve(new TransactionConnection(current) as unknown as pg.PoolClient);
  }
}

const OWNERS_BUSINESS = new Set(['BEGIN', 'COMMIT', 'ROLLBACK']);
const NOTHING = { fields: [], rows: [], rowCount: 0 };

/** The part of a pool's client that Prisma's adapter uses. */
class TransactionConnection {
  constructor(private readonly current: Reading) {}

  async query(query: pg.QueryConfig): Promise<unknown> {
    if (OWNERS_BUSINESS.has(query.text)) return NOTHING;
    try {
      return await this.current.transaction.client.query(query);
    } catch (error) {
      this.current.failure = error;
      throw error;
    }
  }

  on(): void {}

  removeListener(): void {}

  /** The connection belongs to the transaction, which releases it. */
  release(): void {}
}

const names = new Map<string, string>();
const KEPT_NAMES = 1_000;

/** Prisma composes a text per shape of a request. Beyond this many shapes, statements are not kept prepared. */
function nameOf(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  if (names.size >= KEPT_NAMES) return '';
  const name = `prisma_${createHash('sha1').update(text).digest('base64url').slice(0, 16)}`;
  names.set(text, name);
  return name;
}
