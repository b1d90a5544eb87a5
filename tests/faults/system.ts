/**
 * Relay, streams and worker with a separate database and Redis, and with a consumer that records every effect in the order in
 * which it happened. The recorder does not make effects unique, so a doubled effect is visible.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { Redis } from 'ioredis';
import type { AggregateKind, ConsumerName } from '#contracts/rooms';
import type { Envelope } from '#contracts/event';
import { stockAdjusted } from '#contracts/stock/events';
import { newId, tenantId, type TenantId } from '#kernel';
import { json, sql, TenantDatabase } from '#platform/database';
import { CrossTenantDatabase } from '#platform/database/crossing';
import type { EventConsumer } from '#platform/inbox';
import { Worker, type WorkerOptions } from '#platform/inbox/worker';
import { emit, OutboxWaker } from '#platform/outbox';
import { Relay, RELAY_LIMITS, type RelayOptions, RelayRepository } from '#platform/outbox/relay';
import { connectRedis, EventStreams, StreamNames } from '#platform/streams';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { waitUntil } from '#testing/waiting';

export const PARTITIONS = 8;
export const SUBSCRIPTIONS = { stock: ['stock'] } as const;
/** Even on a slow machine, some event is applied within this time. */
const STALLED_AFTER_MS = 60_000;

const RECORDER = `
  create table fault_effects (
    position bigint generated always as identity primary key,
    engine text not null, tenant_id uuid not null, aggregate_id uuid not null, version int not null, event_id uuid not null
  );
  create function fault_record(engine text, events json) returns void language sql as $$
    insert into fault_effects (engine, tenant_id, aggregate_id, version, event_id)
    select engine, (e->>'tenantid')::uuid, split_part(e->>'subject', '/', 2)::uuid, (e->>'aggregateversion')::int, (e->>'id')::uuid
      from json_array_elements(events) with ordinality as each(e, place) order by place
  $$;
  grant insert, select on fault_effects to basecommerce_engines;
  grant execute on function fault_record(text, json) to basecommerce_engines;
`;

/** The counts after a test. All must be zero except the first two. */
export interface Verdict {
  readonly events: number;
  readonly effects: number;
  readonly lost: number;
  readonly doubled: number;
  readonly reordered: number;
  readonly unrecorded: number;
  readonly invented: number;
  readonly held: number;
}

/** The Redis tests run on: `TEST_REDIS_URL`, or the one that `npm run servers` keeps for this checkout. */
function redisServer(): string {
  const given = process.env['TEST_REDIS_URL'];
  if (given) return given;
  const file = '.data/test-servers.json';
  if (!existsSync(file))
    throw new Error('no Redis for tests: run them by `npm test`, or start one with `npm run servers`');
  return (JSON.parse(readFileSync(file, 'utf8')) as { redisUrl: string }).redisUrl;
}

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

export class FaultSystem {
  readonly vertical = `faults-${randomUUID().slice(0, 8)}`;
  private readonly closers: (() => Promise<unknown> | void)[] = [];

  private constructor(
    readonly database: TestDatabase,
    readonly redisUrl: string,
    readonly redis: Redis,
    readonly owner: pg.Pool,
    readonly writers: TenantDatabase,
  ) {}

  /** `redisDatabase`: a test that flushes Redis uses a database that no other test uses. */
  static async start(redisDatabase: number): Promise<FaultSystem> {
    const database = await createTestDatabase();
    const redisUrl = `${redisServer().replace(/\/\d*$/, '')}/${redisDatabase}`;
    const redis = connectRedis({ url: redisUrl, name: 'faults' });
    const owner = new pg.Pool({ connectionString: database.url, max: 1 });
    owner.on('error', () => undefined);
    await owner.query(RECORDER);
    const writers = new TenantDatabase({ url: database.url, application: 'faults writers', maxConnections: 6 });
    const system = new FaultSystem(database, redisUrl, redis, owner, writers);
    const waker = new OutboxWaker(writers, redis, new StreamNames(system.vertical, PARTITIONS));
    system.closers.push(() => waker.close());
    return system;
  }

  async stop(): Promise<void> {
    for (const close of this.closers.reverse()) await close();
    await this.writers.close();
    await this.owner.end();
    const keys = await this.redis.keys(`*{${this.vertical}}*`);
    if (keys.length > 0) await this.redis.del(...keys);
    this.redis.disconnect();
    await this.database.drop();
  }

  relay(options: Partial<RelayOptions> = {}): Relay {
    const database = new CrossTenantDatabase({
      url: this.database.url,
      role: 'basecommerce_relay',
      application: 'faults relay',
      onIdleError: (error) => relay.disturb(error),
    });
    const redis = connectRedis({ url: this.redisUrl, name: 'faults relay' });
    const subscriber = connectRedis({ url: this.redisUrl, name: 'faults wakes' });
    const relay: Relay = new Relay({
      ...RELAY_LIMITS,
      repository: new RelayRepository(database, this.vertical, PARTITIONS),
      streams: new EventStreams(redis, new StreamNames(this.vertical, PARTITIONS)),
      subscriptions: SUBSCRIPTIONS,
      holder: `relay-${randomUUID()}`,
      subscriber,
      log: quiet,
      at: () => undefined,
      tendMs: 100,
      ...options,
    });
    this.closers.push(async () => {
      await relay.stop();
      redis.disconnect();
      subscriber.disconnect();
      await database.close();
    });
    return relay;
  }

  worker(consumers: readonly EventConsumer[] = [recorder()], options: Partial<WorkerOptions> = {}): Worker {
    const database = new CrossTenantDatabase({
      url: this.database.url,
      role: 'basecommerce_engines',
      application: 'faults worker',
    });
    const redis = connectRedis({ url: this.redisUrl, name: 'faults worker' });
    const worker = new Worker({
      database,
      streams: new EventStreams(redis, new StreamNames(this.vertical, PARTITIONS)),
      reader: () => connectRedis({ url: this.redisUrl, name: 'faults reader', isBlocking: true }),
      consumers,
      holder: `worker-${randomUUID()}`,
      log: quiet,
      retry: { attempts: 3, firstDelayMs: 30, longestDelayMs: 100 },
      ...options,
    });
    this.closers.push(async () => {
      await worker.stop();
      redis.disconnect();
      await database.close();
    });
    return worker;
  }

  /** One transaction that raises the version of these aggregates by one, and waits before it commits. */
  async write(tenant: TenantId, aggregates: readonly Aggregate[], lingerMs = 0): Promise<void> {
    await this.writers.transaction({ tenant, actor: { id: 'system:faults' } }, async (tx) => {
      for (const aggregate of aggregates)
        emit(tx, stockAdjusted, { id: aggregate.id, version: ++aggregate.version }, stockAdjusted.example);
      if (lingerMs > 0) {
        // It takes its transaction id now and commits after transactions with higher ids.
        await tx.query(sql`select pg_current_xact_id(), pg_sleep(${lingerMs / 1_000}::float8)`);
      }
    });
  }

  async written(): Promise<number> {
    return this.count('select count(*) from outbox_events');
  }

  async effects(engine = 'stock'): Promise<number> {
    return this.count(`select count(*) from fault_effects where engine = '${engine}'`);
  }

  /** Written events without an effect. */
  async behind(): Promise<number> {
    return (await this.written()) - (await this.effects());
  }

  /** Resolves when every written event has its effect. Rejects when no effect has been added for a long time. */
  async quiet(engine: ConsumerName = 'stock'): Promise<void> {
    let [most, changedAt] = [-1, Date.now()];
    for (;;) {
      const [written, effects] = [await this.written(), await this.effects(engine)];
      if (effects >= written) return;
      if (effects > most) [most, changedAt] = [effects, Date.now()];
      if (Date.now() - changedAt > STALLED_AFTER_MS)
        throw new Error(
          `${written - effects} of ${written} events have no effect, and none came for ${STALLED_AFTER_MS} ms`,
        );
      await pause(50);
    }
  }

  /** Resolves when the given number of further effects exists. */
  async flows(effects: number): Promise<void> {
    const wanted = (await this.effects()) + effects;
    await waitUntil(`${effects} effects more`, async () => (await this.effects()) >= wanted);
  }

  async verdict(engine: ConsumerName = 'stock'): Promise<Verdict> {
    const { rows } = await this.owner.query<Verdict>(
      `with effects as (select *, lag(version, 1, 0) over (partition by tenant_id, aggregate_id order by position) as before
                          from fault_effects where engine = $1)
       select (select count(*)::int from outbox_events) as events,
              (select count(*)::int from effects) as effects,
              (select count(*)::int from outbox_events o where not exists (select from effects e where e.event_id = o.id)) as lost,
              (select coalesce(sum(n - 1), 0)::int from (select count(*) as n from effects group by event_id) per_event) as doubled,
              (select count(*)::int from effects where version <> before + 1) as reordered,
              (select count(*)::int from outbox_events o where not exists (select from inbox_events i where i.event_id = o.id and i.engine = $1)) as unrecorded,
              (select count(*)::int from effects e where not exists (select from outbox_events o where o.id = e.event_id)) as invented,
              (select count(*)::int from deferred_events where engine = $1) + (select count(*)::int from failed_events where engine = $1) as held`,
      [engine],
    );
    return rows[0]!;
  }

  private async count(query: string): Promise<number> {
    const { rows } = await this.owner.query<{ count: string }>(query);
    return Number(rows[0]!.count);
  }
}

export const CLEAN = { lost: 0, doubled: 0, reordered: 0, unrecorded: 0, invented: 0, held: 0 };

export interface Aggregate {
  readonly id: string;
  version: number;
}

export function aggregates(count: number): Aggregate[] {
  return Array.from({ length: count }, () => ({ id: newId(), version: 0 }));
}

export function tenants(count: number): TenantId[] {
  return Array.from({ length: count }, () => tenantId(newId()));
}

/** A consumer that records effects. It throws on the events for which `refuse` returns true. */
export function recorder(
  name: ConsumerName = 'stock',
  refuse: (event: Envelope) => boolean = () => false,
  kinds: readonly AggregateKind[] = ['stock'],
): EventConsumer {
  return {
    name,
    aggregates: kinds,
    tables: ['fault_effects'],
    async apply(tx, events) {
      if (events.some(refuse)) throw new Error('refused on purpose');
      await tx.query(sql`select fault_record(${name}, ${json(events)})`);
    },
    refresh: () => Promise.resolve(0),
    run: () => Promise.resolve({ subjects: 0, opened: 0, changed: 0, closed: 0 }),
  };
}

/**
 * Writes at a steady pace until stopped, and pauses while more than `mostBehind` events have no effect yet. Every aggregate
 * belongs to one writer, so its versions do not race.
 */
export function steadyWriters(
  system: FaultSystem,
  writers: number,
  pauseMs: number,
  mostBehind = Infinity,
): { stop(): Promise<void> } {
  let isStopping = false;
  const stores = tenants(writers * 4);
  const run = async (index: number) => {
    const own = stores.slice(index * 4, index * 4 + 4).map((tenant) => ({ tenant, aggregates: aggregates(12) }));
    for (let round = 0; !isStopping; round++) {
      if (round % 8 === 0) while (!isStopping && (await system.behind()) > mostBehind) await pause(50);
      const { tenant, aggregates: all } = own[round % own.length]!;
      const some = all.filter((_, place) => (place + round) % 3 === 0);
      await system.write(tenant, some, round % 5 === 0 ? 8 : 0);
      await pause(pauseMs);
    }
  };
  const running = Promise.all(Array.from({ length: writers }, (_, index) => run(index)));
  return {
    async stop() {
      isStopping = true;
      await running;
    },
  };
}
