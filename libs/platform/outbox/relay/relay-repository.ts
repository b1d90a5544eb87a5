/** The relay's statements. Every write compares the fencing token, so that a leader that was replaced changes nothing. */
import type { CrossTenantDatabase } from '#platform/database/crossing';
import { type Column, type Row, sql } from '#platform/database';
import type { Chunk, Key, Pack, Reading, Snapshot } from './backlog.js';
import { claimLease, type LeaseRow } from './ownership.js';

/** A snapshot before every transaction. A relay that starts here publishes the whole outbox. */
export const BEGINNING: Snapshot = { text: '3:3:', takenAt: new Date(0) };

export interface Unpublished {
  readonly count: number;
  /** Age of the oldest unpublished event, in seconds. */
  readonly age: number;
}

const COUNTED = 50_000;

/** The most events of one pack. A pack holds events of one tenant, so this is the unit in which tenants take turns. */
const PACK_EVENTS = 50;
/**
 * Rows read for one chunk. 2,000 events of 600 bytes take 9 ms (4.5 µs each), which is the longest time that a quiet tenant
 * waits for a read.
 */
const CHUNK_EVENTS = 2_000;

export interface Missing {
  readonly consumer: string;
  readonly aggregates: readonly string[];
  readonly since: string;
  readonly until: string;
  readonly after: Key | undefined;
  /** Rows to compare. Most of them are in the inbox already; 250 rows take a millisecond. */
  readonly limit: number;
}

type PackRow = {
  snapshot: string;
  taken_at: Date;
  next_xid: string | null;
  next_seq: Column<'outbox_events', 'seq'> | null;
  tenant_id: Column<'outbox_events', 'tenant_id'> | null;
  partition: number;
  count: number;
  events: string;
};

export class RelayRepository {
  constructor(
    readonly database: CrossTenantDatabase,
    readonly vertical: string,
    readonly partitions: number,
  ) {}

  /** Takes or renews the lease; resolves with its fencing token, or undefined while another holder's lease lasts. */
  async claim(holder: string, ttlMs: number): Promise<bigint | undefined> {
    return this.database.transaction(async (tx) => {
      const row = await tx.first<Row<'relay_leases', 'epoch' | 'holder' | 'expires_at'> & { now: Date }>(sql`
        select epoch, holder, expires_at, clock_timestamp() as now from relay_leases where vertical = ${this.vertical} for update`);
      const lease: LeaseRow | undefined = row && { token: row.epoch, holder: row.holder, expiresAt: row.expires_at };
      const claim = claimLease(lease, holder, row?.now ?? new Date(0));
      if (claim.kind === 'wait') return undefined;
      const taken = await tx.execute(sql`
        insert into relay_leases as l (vertical, epoch, holder, expires_at)
        values (${this.vertical}, ${claim.token}, ${holder}, clock_timestamp() + ${ttlMs} * interval '1 millisecond')
        on conflict (vertical) do update set epoch = excluded.epoch, holder = excluded.holder, expires_at = excluded.expires_at
         where ${row !== undefined}`);
      // When two relays both found no row, the second insert changes nothing.
      return taken === 1 ? claim.token : undefined;
    });
  }

  async release(holder: string): Promise<void> {
    await this.database.execute(sql`
      update relay_leases set expires_at = clock_timestamp() where vertical = ${this.vertical} and holder = ${holder}`);
  }

  async position(): Promise<Snapshot> {
    const row = await this.database.first<Row<'relay_positions', 'published_at'> & { published: string }>(sql`
      select published::text, published_at from relay_positions where vertical = ${this.vertical}`);
    return row ? { text: row.published, takenAt: row.published_at } : BEGINNING;
  }

  /** False when this token no longer holds the lease. */
  async savePosition(token: bigint, position: Snapshot): Promise<boolean> {
    const statement = sql`
      insert into relay_positions as p (vertical, published, published_at)
      select l.vertical, ${position.text}::pg_snapshot, ${position.takenAt} from relay_leases l
       where l.vertical = ${this.vertical} and l.epoch = ${token}
      on conflict (vertical) do update set published = excluded.published, published_at = excluded.published_at`;
    // If a crash of PostgreSQL undoes this commit, the relay starts from an earlier position and repeats some events.
    return (await this.database.transaction((tx) => tx.execute(statement), { isAsynchronous: true })) === 1;
  }

  async confirmations(): Promise<Map<string, string>> {
    const rows = await this.database.query<Row<'relay_confirmations', 'engine'> & { confirmed: string }>(sql`
      select engine, confirmed::text from relay_confirmations where vertical = ${this.vertical}`);
    return new Map(rows.map((row) => [row.engine, row.confirmed]));
  }

  /**
   * This commit waits for the disk. The commits of the inbox rows that it confirms may not have waited, but the log is written
   * in order: when this commit is on the disk, so are they.
   */
  async saveConfirmation(token: bigint, consumer: string, confirmed: string): Promise<boolean> {
    const saved = await this.database.execute(sql`
      insert into relay_confirmations as c (vertical, engine, confirmed)
      select l.vertical, ${consumer}, ${confirmed}::pg_snapshot from relay_leases l
       where l.vertical = ${this.vertical} and l.epoch = ${token}
      on conflict (vertical, engine) do update set confirmed = excluded.confirmed, saved_at = now()`);
    return saved === 1;
  }

  /**
   * A chunk of the rows that became visible between two snapshots. PostgreSQL prints the events as JSON and joins them into
   * packs, because passing single rows to JavaScript cost more than the rest of the relay together.
   *
   * The condition on `recorded_on` excludes the partitions of old days (0.25 ms with 400 of them, 6 ms without the condition)
   * and those prepared for the week ahead. When a writer's clock is a day wrong, its row is stored under another day and is missed
   * here. The reconciler finds it, because it reads all days.
   */
  async read(reading: Reading): Promise<Chunk> {
    const { tenant, except, since, until, after } = reading;
    const rows = await this.database.query<PackRow>(sql`
      with chunk as materialized (
        select o.tenant_id, o.xid, o.seq, app.event_partition(o.tenant_id, o.aggregate_id, ${this.partitions}) as partition,
               app.event_envelope(o) as envelope
          from outbox_events o
         where o.recorded_on between (${since.takenAt}::timestamptz - interval '1 day')::date and current_date + 1
           and (o.xid, o.seq) > (coalesce(${after?.xid ?? null}::xid8, pg_snapshot_xmin(${since.text}::pg_snapshot)), ${after?.seq ?? -1}::bigint)
           and not pg_visible_in_snapshot(o.xid, ${since.text}::pg_snapshot)
           and pg_visible_in_snapshot(o.xid, coalesce(${until?.text ?? null}::pg_snapshot, pg_current_snapshot()))
           and (${tenant ?? null}::uuid is null or o.tenant_id = ${tenant ?? null}::uuid)
           and o.tenant_id <> all(${except}::uuid[])
         order by o.xid, o.seq
         limit ${CHUNK_EVENTS}
      ), packs as (
        select tenant_id, partition, block, count(*)::int as count, min(seq) as first, string_agg(envelope, ',' order by seq) as events
          from (select *, (row_number() over (partition by tenant_id, partition order by seq) - 1) / ${PACK_EVENTS} as block from chunk) rows
         group by tenant_id, partition, block
      ), next as (
        select xid, seq from chunk where (select count(*) from chunk) = ${CHUNK_EVENTS} order by xid desc, seq desc limit 1
      )
      select pg_current_snapshot()::text as snapshot, now() as taken_at, next.xid::text as next_xid, next.seq as next_seq,
             p.tenant_id, p.partition, p.count, p.events
        from (select) one left join next on true left join packs p on true
       order by p.block, p.first`);
    const first = rows[0]!;
    return chunkOf(rows, until ?? { text: first.snapshot, takenAt: first.taken_at });
  }

  /**
   * A chunk of the events that a consumer should have by now and has neither applied nor deferred nor failed. Each event costs
   * three look-ups by key. The statement is written so that no plan can read a whole inbox instead.
   */
  async missing(wanted: Missing): Promise<Chunk> {
    const { consumer, aggregates, since, until, after, limit } = wanted;
    const rows = await this.database.query<PackRow>(sql`
      with chunk as materialized (
        select o.*
          from outbox_events o
         where (o.xid, o.seq) > (coalesce(${after?.xid ?? null}::xid8, pg_snapshot_xmin(${since}::pg_snapshot)), ${after?.seq ?? -1}::bigint)
           and not pg_visible_in_snapshot(o.xid, ${since}::pg_snapshot)
           and pg_visible_in_snapshot(o.xid, ${until}::pg_snapshot)
           and o.aggregate = any(${aggregates}::text[])
         order by o.xid, o.seq
         limit ${limit}
      ), lost as (
        select o.tenant_id, o.seq, app.event_partition(o.tenant_id, o.aggregate_id, ${this.partitions}) as partition,
               app.event_envelope(row(o.*)::outbox_events) as envelope
          from chunk o
         where (select true from inbox_events i
                 where i.tenant_id = o.tenant_id and i.engine = ${consumer} and i.event_id = o.id and i.recorded_on = o.recorded_on limit 1) is null
           and (select true from deferred_events d
                 where d.tenant_id = o.tenant_id and d.engine = ${consumer} and d.aggregate_id = o.aggregate_id
                   and d.aggregate = o.aggregate and d.aggregate_version = o.aggregate_version limit 1) is null
           and (select true from failed_events f
                 where f.tenant_id = o.tenant_id and f.engine = ${consumer} and f.aggregate_id = o.aggregate_id
                   and f.aggregate = o.aggregate and f.aggregate_version = o.aggregate_version limit 1) is null
      ), packs as (
        select tenant_id, partition, block, count(*)::int as count, min(seq) as first, string_agg(envelope, ',' order by seq) as events
          from (select *, (row_number() over (partition by tenant_id, partition order by seq) - 1) / ${PACK_EVENTS} as block from lost) rows
         group by tenant_id, partition, block
      ), next as (
        select xid, seq from chunk where (select count(*) from chunk) = ${limit} order by xid desc, seq desc limit 1
      )
      select ${until} as snapshot, now() as taken_at, next.xid::text as next_xid, next.seq as next_seq,
             p.tenant_id, p.partition, p.count, p.events
        from (select) one left join next on true left join packs p on true
       order by p.block, p.first`);
    return chunkOf(rows, { text: until, takenAt: rows[0]!.taken_at });
  }

  /**
   * The committed events that are not known to be in Redis, by the saved position. Any process may ask, also while Redis is
   * unavailable and no relay leads. Counting stops at COUNTED, which takes 30 ms of reading an index.
   */
  async unpublished(): Promise<Unpublished> {
    const position = await this.position();
    const row = await this.database.first<Unpublished>(sql`
      select count(*)::int as count, coalesce(extract(epoch from app.now() - min(o.occurred_at)), 0)::float8 as age
        from (select occurred_at from outbox_events
               where recorded_on >= (${position.takenAt}::timestamptz - interval '1 day')::date
                 and xid >= pg_snapshot_xmin(${position.text}::pg_snapshot)
                 and not pg_visible_in_snapshot(xid, ${position.text}::pg_snapshot)
               order by xid, seq limit ${COUNTED}) o`);
    return { count: row!.count, age: Math.max(0, row!.age) };
  }

  /**
   * Creates the daily partitions of outbox and inbox around today. Each one has its own transaction, so that locks are short.
   * Today comes first: rows of a day without a partition go to the default partition, and the day then stays there.
   */
  async ensureDays(ahead: number): Promise<void> {
    const offsets = [...Array(ahead + 1).keys(), -1];
    for (const offset of offsets)
      await this.database.query(sql`
        select app.ensure_outbox_days(current_date + ${offset}::int, current_date + ${offset}::int)`);
    for (const offset of offsets)
      await this.database.query(sql`
        select app.ensure_inbox_days(current_date + ${offset}::int, current_date + ${offset}::int)`);
  }

  async dropDays(retentionDays: number): Promise<number> {
    const row = await this.database.first<{ dropped: number }>(sql`
      select app.drop_event_days(current_date - ${retentionDays}::int) as dropped`);
    return row!.dropped;
  }
}

function chunkOf(rows: readonly PackRow[], until: Snapshot): Chunk {
  const { next_xid: xid, next_seq: seq } = rows[0]!;
  const packs = rows.flatMap((row): Pack[] =>
    row.tenant_id === null
      ? []
      : [{ tenant: row.tenant_id, partition: row.partition, count: row.count, events: row.events }],
  );
  return { packs, until, next: xid !== null && seq !== null ? { xid, seq } : undefined };
}
