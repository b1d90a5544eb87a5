/**
 * Leases on (consumer, partition), by the database's clock. The column `epoch` is the fencing token. Three statements lock
 * the same row:
 *
 *   batch    select … for key share      many at once, also beside a renewal
 *   renew    update expires_at           does not wait for a running batch
 *   take     select … for update         skips a row with a running batch, and raises the token
 *
 * A batch that locked the row before the takeover commits before the new holder starts. A batch that comes later finds another
 * token and is refused.
 */
import type { CrossTenantDatabase } from '#platform/database/crossing';
import { type Row, type Sql, sql } from '#platform/database';
import type { PartitionLease } from './lease-plan.js';

export interface HeldLease {
  readonly engine: string;
  readonly partition: number;
  readonly token: number;
}

export interface LeaseView {
  /** The leases that this worker held and has just renewed. */
  readonly held: readonly HeldLease[];
  /** Consumer → the live workers that run it. */
  readonly members: ReadonlyMap<string, readonly string[]>;
  /** The recovery epoch of the leases. A new epoch takes all leases away. */
  readonly recovery: number;
  readonly leases: readonly (PartitionLease & { readonly engine: string })[];
}

export class LeaseRepository {
  constructor(
    private readonly database: CrossTenantDatabase,
    readonly holder: string,
    private readonly ttlMs: number,
  ) {}

  async prepare(engines: readonly string[], partitions: number): Promise<void> {
    await this.database.execute(sql`
      insert into consumer_leases (engine, partition, epoch, expires_at)
      select engine, partition, 0, '-infinity'
        from unnest(${engines}::text[]) as engine, generate_series(0, ${partitions}::int - 1) as partition
      on conflict do nothing`);
  }

  /**
   * Records that this worker is alive, renews its leases, and returns members and leases. The commit is asynchronous: if a crash
   * of PostgreSQL undoes a renewal, the lease ends earlier, and the next holder gets a higher token.
   */
  async look(engines: readonly string[], partitions: number): Promise<LeaseView> {
    const [, , held, members, leases, recovery] = await this.database.transaction(
      (tx) =>
        tx.batch([
          sql`
            insert into consumer_members (engine, holder, expires_at)
            select engine, ${this.holder}, clock_timestamp() + ${this.ttlMs} * interval '1 millisecond'
              from unnest(${engines}::text[]) as engine
            on conflict (engine, holder) do update set expires_at = excluded.expires_at`,
          sql`delete from consumer_members where expires_at < clock_timestamp() - interval '1 minute'`,
          this.renewal(),
          sql<MemberRow>`select engine, array_agg(holder) as holders from consumer_members where expires_at > clock_timestamp() group by engine`,
          sql<ViewRow>`select engine, partition, holder, expires_at <= clock_timestamp() as is_expired from consumer_leases
               where engine = any(${engines}::text[]) and partition < ${partitions}::int order by engine, partition`,
          RECOVERY,
        ]),
      { isAsynchronous: true },
    );
    return {
      held: held.map(heldLease),
      recovery: recoveryOf(recovery),
      members: new Map(members.map((row) => [row.engine, row.holders])),
      leases: leases.map((row) => ({
        engine: row.engine,
        partition: row.partition,
        holder: row.holder ?? undefined,
        isExpired: row.is_expired,
      })),
    };
  }

  async take(engine: string, partitions: readonly number[]): Promise<void> {
    await this.database.execute(sql`
      with free as (
        select engine, partition from consumer_leases
         where engine = ${engine} and partition = any(${partitions}::int[]) and (holder is null or expires_at <= clock_timestamp())
         order by partition
           for update skip locked
      )
      update consumer_leases l
         set holder = ${this.holder}, epoch = l.epoch + 1, expires_at = clock_timestamp() + ${this.ttlMs} * interval '1 millisecond'
        from free where l.engine = free.engine and l.partition = free.partition`);
  }

  /** Renews every lease that this worker still holds, and resolves with them. */
  async renew(): Promise<Pick<LeaseView, 'held' | 'recovery'>> {
    const [held, recovery] = await this.database.transaction((tx) => tx.batch([this.renewal(), RECOVERY]));
    return { held: held.map(heldLease), recovery: recoveryOf(recovery) };
  }

  private renewal(): Sql<LeaseRow> {
    return sql<LeaseRow>`
      update consumer_leases set expires_at = clock_timestamp() + ${this.ttlMs} * interval '1 millisecond'
       where holder = ${this.holder}
      returning engine, partition, epoch`;
  }

  async release(engine: string, partitions: readonly number[]): Promise<void> {
    await this.database.execute(sql`
      update consumer_leases set holder = null, expires_at = clock_timestamp()
       where engine = ${engine} and partition = any(${partitions}::int[]) and holder = ${this.holder}`);
  }

  async leave(): Promise<void> {
    await this.database.transaction(async (tx) => {
      await tx.batch([
        sql`update consumer_leases set holder = null, expires_at = clock_timestamp() where holder = ${this.holder}`,
        sql`delete from consumer_members where holder = ${this.holder}`,
      ]);
    });
  }
}

/** Read after the leases, with a later snapshot, so that a holder of leases knows at least the epoch of these leases. */
const RECOVERY = sql<Row<'recovery_state', 'epoch'>>`select epoch from recovery_state`;

function recoveryOf(rows: readonly { epoch: bigint }[]): number {
  return Number(rows[0]!.epoch);
}

type MemberRow = Row<'consumer_members', 'engine'> & { holders: string[] };

type ViewRow = Row<'consumer_leases', 'engine' | 'partition' | 'holder'> & { is_expired: boolean };

type LeaseRow = Row<'consumer_leases', 'engine' | 'partition' | 'epoch'>;

function heldLease({ engine, partition, epoch }: LeaseRow): HeldLease {
  return { engine, partition, token: Number(epoch) };
}
