/**
 * Rebuilds the tables of a consumer from the outbox while live events are processed.
 *
 *   shadow schema: empty copies of the consumer's tables, and a separate gate
 *   per tenant:    apply the history up to the live gate ─▶ repeat for the events that arrived meanwhile ─▶ … few are left
 *                  ─▶ lock the consumer's leases (batches wait a fraction of a second) ─▶ apply the last events
 *                  ─▶ replace the tenant's rows by those of the shadow ─▶ commit
 *
 * The consumer's statements run unchanged: they name no schema, and `search_path` puts the shadow first. History is applied
 * aggregate by aggregate in version order. A consumer's result does not depend on the order between aggregates
 * (consumer.ts), so two runs give equal tables. Events that an operator dropped stay dropped. Insights are not changed here:
 * the worker refreshes them from the rebuilt rows as usual.
 *
 * Creating the shadow schema needs the rights of the migrations, because the service roles may not create anything. Run it
 * with the DATABASE_URL of the migrations. `set local role none` returns to that login for these two statements only.
 */
import type { Envelope } from '#contracts/event';
import { DomainError } from '#kernel';
import { composedSql, sql } from '#platform/database';
import type { CrossTenantDatabase, CrossTenantTransaction } from '#platform/database/crossing';
import type { EventConsumer } from '../consumer.js';
import { arrivalOf } from './event.js';
import { columnsOf } from './gate-statements.js';
import { tenantsOf } from './tenants.js';

export interface ReplayOutcome {
  readonly tenant: string;
  readonly events: number;
  /** How long batches of this consumer had to wait, in milliseconds. */
  readonly lockedMs: number;
}

const CHUNK_EVENTS = 2_000;
/** With this many events left or fewer, the rest is applied under the lock. */
const FEW_EVENTS = 500;

export async function* replay(
  database: CrossTenantDatabase,
  consumer: EventConsumer,
  tenant?: string,
): AsyncGenerator<ReplayOutcome> {
  const guard = await database.pool.connect();
  try {
    const { rows } = await guard.query<{ taken: boolean }>(
      'select pg_try_advisory_lock(hashtextextended($1, 0)) as taken',
      [`replay/${consumer.name}`],
    );
    if (!rows[0]!.taken)
      throw new DomainError('replay_under_way', 'conflict', `Another replay of ${consumer.name} is under way.`);
    const replayer = new Replayer(database, consumer);
    await replayer.createShadow();
    try {
      for (const each of tenant ? [tenant] : await tenantsOf(database, consumer.name))
        yield await replayer.rebuild(each);
    } finally {
      await replayer.dropShadow();
    }
  } finally {
    // The connection is closed instead of returned to the pool: ending the session releases the lock in every case.
    guard.release(true);
  }
}

class Replayer {
  private readonly schema: string;

  constructor(
    private readonly database: CrossTenantDatabase,
    private readonly consumer: EventConsumer,
  ) {
    this.schema = `replay_${consumer.name}`;
  }

  async createShadow(): Promise<void> {
    const statements = [
      'set local role none',
      `drop schema if exists ${this.schema} cascade`,
      `create schema ${this.schema}`,
      ...[...this.consumer.tables, 'engine_versions'].map(
        (table) => `create table ${this.schema}.${table} (like public.${table} including all)`,
      ),
      `grant usage on schema ${this.schema} to basecommerce_engines`,
      `grant all on all tables in schema ${this.schema} to basecommerce_engines`,
    ];
    await this.database.transaction(async (tx) => void (await tx.batch(statements.map((text) => composedSql(text)))));
  }

  async dropShadow(): Promise<void> {
    const statements = ['set local role none', `drop schema ${this.schema} cascade`];
    await this.database.transaction(async (tx) => void (await tx.batch(statements.map((text) => composedSql(text)))));
  }

  async rebuild(tenant: string): Promise<ReplayOutcome> {
    let events = 0;
    for (;;) {
      const count = await this.catchUp(tenant);
      events += count;
      if (count < FEW_EVENTS) break;
    }
    const { last, lockedMs } = await this.swap(tenant);
    return { tenant, events: events + last, lockedMs };
  }

  /** One round over the tenant's aggregates whose shadow gate is behind the live one. */
  private async catchUp(tenant: string): Promise<number> {
    let total = 0;
    for (;;) {
      const count = await this.database.transaction((tx) => this.applyChunk(tx, tenant));
      total += count;
      if (count < CHUNK_EVENTS) return total;
    }
  }

  private async applyChunk(tx: CrossTenantTransaction, tenant: string): Promise<number> {
    await tx.query(composedSql(`set local search_path = ${this.schema}, public, app`));
    const { name: engine, aggregates } = this.consumer;
    const rows = await tx.query<{ envelope: string; is_dropped: boolean }>(
      composedSql(
        `select app.event_envelope(o) as envelope,
                exists (select from inbox_events i where i.tenant_id = o.tenant_id and i.engine = $1 and i.event_id = o.id
                           and i.recorded_on = o.recorded_on and i.outcome = 'dropped') as is_dropped
           from public.engine_versions live
           left join ${this.schema}.engine_versions shadow using (tenant_id, engine, aggregate_id, aggregate)
           join outbox_events o on o.tenant_id = live.tenant_id and o.aggregate = live.aggregate and o.aggregate_id = live.aggregate_id
                               and o.aggregate_version > coalesce(shadow.version, 0) and o.aggregate_version <= live.version
          where live.tenant_id = $2 and live.engine = $1 and live.aggregate = any($3::text[])
            and live.version > coalesce(shadow.version, 0)
          order by live.aggregate_id, live.aggregate, o.aggregate_version
          limit ${CHUNK_EVENTS}`,
        [engine, tenant, aggregates],
      ),
    );
    if (rows.length === 0) return 0;
    const all = rows.map((row) => arrivalOf(JSON.parse(row.envelope) as Envelope));
    const applied = all.filter((_, index) => !rows[index]!.is_dropped);
    if (applied.length > 0)
      await this.consumer.apply(
        tx,
        applied.map((event) => event.envelope),
      );
    const newest = [...new Map(all.map((event) => [event.key, event])).values()];
    const { tenants, ids, kinds } = columnsOf(newest);
    await tx.execute(
      composedSql(
        `insert into ${this.schema}.engine_versions (tenant_id, engine, aggregate_id, aggregate, version)
         select k.tenant_id, $1, k.aggregate_id, k.aggregate, k.version
           from unnest($2::uuid[], $3::uuid[], $4::text[], $5::int[]) as k(tenant_id, aggregate_id, aggregate, version)
         on conflict (tenant_id, engine, aggregate_id, aggregate) do update set version = excluded.version`,
        [engine, tenants, ids, kinds, newest.map((event) => event.version)],
      ),
    );
    return rows.length;
  }

  private async swap(tenant: string): Promise<{ last: number; lockedMs: number }> {
    let lockedAt = 0;
    const last = await this.database.transaction(async (tx) => {
      await tx.query(
        sql`select from consumer_leases where engine = ${this.consumer.name} order by partition for update`,
      );
      lockedAt = performance.now();
      let count = 0;
      for (let chunk = -1; chunk !== 0; count += chunk) chunk = await this.applyChunk(tx, tenant);
      const { tables } = this.consumer;
      for (const table of tables)
        await tx.execute(composedSql(`delete from public.${table} where tenant_id = $1`, [tenant]));
      for (const table of [...tables].reverse()) {
        const columns = await this.columnsOf(tx, table);
        await tx.execute(
          composedSql(
            `insert into public.${table} (${columns}) select ${columns} from ${this.schema}.${table} where tenant_id = $1`,
            [tenant],
          ),
        );
      }
      return count;
    });
    return { last, lockedMs: Math.round(performance.now() - lockedAt) };
  }

  private async columnsOf(tx: CrossTenantTransaction, table: string): Promise<string> {
    const rows = await tx.query<{ name: string }>(sql`
      select quote_ident(attname) as name from pg_attribute
       where attrelid = ${`public.${table}`}::regclass and attnum > 0 and not attisdropped and attgenerated = ''
       order by attnum`);
    return rows.map((row) => row.name).join(', ');
  }
}
