/**
 * Usage and counters from events, on a real database: the result does not depend on batches, their order or
 * repetitions.
 */
import fc from 'fast-check';
import pg from 'pg';
import type { Envelope } from '#contracts/event';
import { newId } from '#kernel';
import { composedSql, sql } from '#platform/database';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { type Activity, type Step, Story } from '#testing/billing/usage-story';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { sampleSize } from '#testing/sample';
import { processOf, waitUntilBlockedBy } from '#testing/waiting';
import { billingEngine } from '../worker.js';
import { totalsOf, usageBetween } from './data/usage.js';
import { usageConflicts } from './usecases/usage-conflicts.js';

let database: TestDatabase;
let engines: CrossTenantDatabase;
let owner: pg.Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Pool({ connectionString: database.url, max: 2 });
  engines = new CrossTenantDatabase({
    url: database.url,
    role: 'basecommerce_engines',
    application: 'billing-usage-spec',
    maxConnections: 6,
  });
});

afterAll(async () => {
  await engines.close();
  await owner.end();
  await database.drop();
});

const DAY_MS = 86_400_000;
/** Whole days before today, so that "the current period" is the same for every test of a run. */
const MIDNIGHT = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const days = (count: number, milliseconds = 0) => new Date(MIDNIGHT + count * DAY_MS + milliseconds);
/** Three periods: one invoiced, one over and under review, and the current one. */
const [FIRST, SECOND, CURRENT, END] = [days(-70), days(-40), days(-10), days(20)] as const;
const NEVER = days(3_650);

const apply = (events: readonly Envelope[]) => engines.transaction((tx) => billingEngine.apply(tx, events));
const refresh = (limit = 200) => engines.transaction((tx) => billingEngine.refresh(tx, limit));
const rows = async <Row>(text: string, values: readonly unknown[] = []) =>
  (await owner.query(text, [...values])).rows as Row[];

async function refreshAll(): Promise<number> {
  for (let all = 0; ;) {
    const done = await refresh();
    if (done === 0) return all;
    all += done;
  }
}

async function plan(meters: Readonly<Record<string, number>>): Promise<string> {
  const id = newId();
  await rows(
    `insert into billing_plan_versions (id, code, version, currency, base_minor, interval_months, created_at, created_by)
     values ($1, $2, 1, 'BRL', 0, 1, now(), 'test')`,
    [id, `p-${id}`],
  );
  for (const [meter, included] of Object.entries(meters))
    await rows(`insert into billing_plan_meters (plan_id, meter, included, price_micro) values ($1, $2, $3, 0)`, [
      id,
      meter,
      included,
    ]);
  return id;
}

/** A subscription with three periods on one plan, and no pass due. */
async function subscribe(tenant: string, meters: Readonly<Record<string, number>>, subscription = newId()) {
  const planId = await plan(meters);
  await rows(
    `insert into billing_subscriptions (tenant_id, id, anchor_on, interval_months, started_at, due_at) values ($1, $2, $3::timestamptz::date, 1, $3::timestamptz, $4)`,
    [tenant, subscription, FIRST, NEVER],
  );
  await rows(
    `insert into billing_plan_assignments (tenant_id, subscription_id, from_at, plan_id, assigned_at, assigned_by) values ($1, $2, $3::timestamptz, $4, $3::timestamptz, 'test')`,
    [tenant, subscription, FIRST, planId],
  );
  await rows(
    `insert into billing_periods (tenant_id, subscription_id, seq, starts_at, ends_at, time_zone, tzdb_version, is_invoiced)
     values ($1, $2, 0, $3, $4, 'UTC', 'test', true), ($1, $2, 1, $4, $5, 'UTC', 'test', false), ($1, $2, 2, $5, $6, 'UTC', 'test', false)`,
    [tenant, subscription, FIRST, SECOND, CURRENT, END],
  );
  return subscription;
}

const STANDARD = { orders: 4, quotes: 3, active_users: 2, api_calls: 10 };

async function store(meters: Readonly<Record<string, number>> = STANDARD): Promise<Story> {
  const story = new Story().founded(FIRST);
  await subscribe(story.tenant, meters);
  await apply(story.events);
  return story;
}

const dueAt = async (tenant: string) =>
  (await rows<{ due_at: Date }>(`select due_at from billing_subscriptions where tenant_id = $1`, [tenant]))[0]!.due_at;

const usage = (tenant: string, from = FIRST, to = END) =>
  engines.transaction((tx) => usageBetween(tx, tenant, from, to));

const counters = (tenant: string) =>
  rows<Record<string, unknown>>(
    `select period_seq, meter, used::int, included::int, soft::int, hard::int, announced from billing_usage_counters
      where tenant_id = $1 order by period_seq, meter`,
    [tenant],
  );

const said = async (tenant: string) =>
  (
    await rows<{ data: { meter: string; percent: number } }>(
      `select data from outbox_events where tenant_id = $1 and type = 'account.usage_limit_reached' order by aggregate_version`,
      [tenant],
    )
  ).map(({ data }) => `${data.meter} ${data.percent}`);

/** The last announced count of each meter that only billing counts, by the start of the period. */
const counted = async (tenant: string) => {
  const announced = await rows<{ data: { period: { starts_at: string }; meters: { meter: string; used: number }[] } }>(
    `select data from outbox_events where tenant_id = $1 and type = 'account.usage_counted' order by aggregate_version`,
    [tenant],
  );
  const last = new Map<string, number>();
  for (const { data } of announced)
    for (const { meter, used } of data.meters) last.set(`${data.period.starts_at} ${meter}`, used);
  return [...last].map(([key, used]) => `${key} ${used}`).sort();
};

/** Every row, without the tenant's id, the arrival time of an event and the version of the account. */
async function rowsOf(tenant: string): Promise<string> {
  const tables = [
    'billing_accounts',
    'billing_owners',
    'billing_subscriptions',
    'billing_usage_events',
    'billing_usage_counters',
  ];
  const lines: string[] = [];
  for (const table of tables) {
    const found = await rows<{ row: string }>(
      `select (to_jsonb(t) - 'received_at' - 'version')::text as row from ${table} t where tenant_id = $1 order by 1`,
      [tenant],
    );
    lines.push(table, ...found.map(({ row }) => row.replaceAll(tenant, 'TENANT')));
  }
  return lines.join('\n');
}

describe('events of usage', () => {
  const story: fc.Arbitrary<Step[]> = fc.array(
    fc.record({
      activity: fc.constantFrom<Activity>('order', 'order', 'quote', 'revision', 'sign_in', 'calls', 'owner', 'seller'),
      minute: fc.nat(70 * 24 * 60),
      figure: fc.nat(3),
    }),
    { maxLength: 25 },
  );
  const delivery = fc.array(fc.record({ place: fc.nat(10_000), copies: fc.integer({ min: 1, max: 3 }) }), {
    minLength: 1,
    maxLength: 30,
  });

  it('give the same rows in any order, batch and repetition, with refreshes between, for one tenant', async () => {
    const neighbour = await store();
    await apply(neighbour.order(days(-1)).events);
    await refreshAll();
    const untouched = await rowsOf(neighbour.tenant);
    await fc.assert(
      fc.asyncProperty(story, delivery, fc.integer({ min: 1, max: 9 }), async (steps, places, size) => {
        const [one, other, subscription] = [newId(), newId(), newId()];
        for (const tenant of [one, other]) await subscribe(tenant, STANDARD, subscription);
        const history = Story.of(steps, FIRST);
        await apply(history.eventsOf(one));
        await refreshAll();
        const mixed = history
          .eventsOf(other)
          .flatMap((event, turn) => {
            const { place, copies } = places[turn % places.length]!;
            return Array.from({ length: copies }, (_, copy) => [(place * (copy + 1) * 7919) % 10_007, event] as const);
          })
          .sort(([a], [b]) => a - b)
          .map(([, event]) => event);
        for (let from = 0; from < mixed.length; from += size) {
          await apply(mixed.slice(from, from + size));
          if (from % 2 === 0) await refreshAll();
        }
        await refreshAll();
        expect(await rowsOf(other)).toBe(await rowsOf(one));
        expect((await said(other)).sort()).toEqual((await said(one)).sort());
        expect(await counted(other)).toEqual(await counted(one));
      }),
      { numRuns: sampleSize(20, 60) },
    );
    expect(await rowsOf(neighbour.tenant)).toBe(untouched);
  });

  it('keep their first content: a known id with another payload is refused, counted, and stops no event', async () => {
    const shop = await store();
    const [first] = new Story(shop.tenant).calls(12, days(-1)).events;
    const forged = { ...first!, data: { ...(first!.data as object), quantity: 99_999 } };
    const [another] = new Story(shop.tenant).calls(5, days(-1)).events;
    await apply([first!]);
    const before = (await usageConflicts.get()).values[0]?.value ?? 0;
    await apply([forged, another!]);
    await apply([first!]);
    expect((await usageConflicts.get()).values[0]!.value - before).toBe(1);
    expect(await usage(shop.tenant)).toEqual([{ meter: 'api_calls', quantity: 17n }]);
  });

  it('count in the period in which they happened, to the millisecond', async () => {
    const shop = await store();
    const last = new Date(CURRENT.getTime() - 1);
    await apply(new Story(shop.tenant).order(last).order(CURRENT).order(CURRENT).events);
    expect(await usage(shop.tenant, SECOND, CURRENT)).toEqual([{ meter: 'orders', quantity: 1n }]);
    expect(await usage(shop.tenant, CURRENT, END)).toEqual([{ meter: 'orders', quantity: 2n }]);
    expect(await usage(shop.tenant, CURRENT, CURRENT)).toEqual([]);
  });

  it('count a person once in each period, however often they sign in', async () => {
    const shop = await store();
    const people = new Story(shop.tenant);
    for (const at of [days(-20), days(-15), days(-2), days(-1)]) people.signIn(1, at).signIn(1, at);
    await apply(people.signIn(2, days(-1)).events);
    expect(await usage(shop.tenant, SECOND, CURRENT)).toEqual([{ meter: 'active_users', quantity: 1n }]);
    expect(await usage(shop.tenant, CURRENT, END)).toEqual([{ meter: 'active_users', quantity: 2n }]);
  });

  it('add up beyond the maximum of a column', async () => {
    const shop = await store();
    await rows(
      `insert into billing_usage_events select $1, gen_random_uuid(), m, $2, $2, 'x', 9223372036854775807, '\\x00'
         from unnest('{api_calls,api_calls,stored_mb,stored_mb}'::text[]) as m`,
      [shop.tenant, days(-1)],
    );
    expect(await usage(shop.tenant)).toEqual([
      { meter: 'api_calls', quantity: 2n * (2n ** 63n - 1n) },
      { meter: 'stored_mb', quantity: 2n ** 63n - 1n },
    ]);
    await refreshAll();
    await engines.transaction((tx) => billingEngine.run(tx, shop.tenant, days(0)));
    expect(await said(shop.tenant)).toEqual(['api_calls 80', 'api_calls 100', 'api_calls 120', 'api_calls 150']);
  });

  it('are read as one index-only range per meter', async () => {
    const shop = await store();
    const { text, values } = totalsOf([{ tenant: shop.tenant, from: FIRST, to: END }]);
    const lines = await engines.transaction(async (tx) => {
      // The table has so few rows that a full scan would be cheaper.
      await tx.query(
        sql`select set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)`,
      );
      return tx.query(composedSql<{ 'QUERY PLAN': string }>(`explain ${text}`, values));
    });
    const shown = lines.map((line) => line['QUERY PLAN']).join('\n');
    expect(shown).toMatch(
      /Index Only Scan using billing_usage_events_meter.*\n.*Index Cond: .*occurred_at >= .*occurred_at </,
    );
  });
});

describe('a store’s own caps', () => {
  const caps = (tenant: string) =>
    rows<Record<string, unknown>>(
      `select meter, cap::int, set_by, set_at, version from billing_usage_caps where tenant_id = $1 order by meter`,
      [tenant],
    );

  it('are the newest ones, whatever the batches, their order and repetitions, and also after a replay', async () => {
    const steps = fc.array(fc.record({ cap: fc.option(fc.nat(20)), minute: fc.nat(3) }), {
      minLength: 1,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.infiniteStream(fc.nat()),
        fc.integer({ min: 1, max: 4 }),
        async (changes, places, size) => {
          const shop = new Story();
          let at = days(-9).getTime();
          for (const { cap, minute } of changes) shop.cap(cap, new Date((at += minute * 60_000)));
          const mixed = [...shop.events, ...shop.events]
            .map((event) => ({ event, place: places.next().value }))
            .sort((a, b) => a.place - b.place)
            .map(({ event }) => event);
          for (let from = 0; from < mixed.length; from += size) await apply(mixed.slice(from, from + size));
          const last = [
            {
              meter: 'orders',
              cap: changes.at(-1)!.cap,
              set_by: 'user:ana',
              set_at: new Date(at),
              version: changes.length,
            },
          ];
          expect(await caps(shop.tenant)).toEqual(last);
          for (const event of shop.events) await apply([event]);
          expect(await caps(shop.tenant)).toEqual(last);
        },
      ),
      { numRuns: sampleSize(12, 30) },
    );
  });

  it('may come in one batch with usage, and are not usage', async () => {
    const shop = await store();
    const story = new Story(shop.tenant).order(days(-1)).cap(2, days(-1)).calls(3, days(-1));
    await apply(story.events);
    await apply(story.events);
    expect(await usage(shop.tenant)).toEqual([
      { meter: 'api_calls', quantity: 3n },
      { meter: 'orders', quantity: 1n },
    ]);
    expect(await caps(shop.tenant)).toMatchObject([{ meter: 'orders', cap: 2 }]);
  });
});

describe('late usage', () => {
  it('makes an invoiced period and an ended period due again, but not the current one', async () => {
    const shop = await store();
    await apply(new Story(shop.tenant).order(CURRENT).order(days(-1)).events);
    expect(await dueAt(shop.tenant)).toEqual(NEVER);
    await apply(new Story(shop.tenant).order(days(-11)).events);
    expect(await dueAt(shop.tenant)).toEqual(days(-11));
    await apply(new Story(shop.tenant).order(days(-60)).order(days(-50)).events);
    expect(await dueAt(shop.tenant)).toEqual(days(-60));
    await apply(new Story(shop.tenant).order(days(-55)).events);
    expect(await dueAt(shop.tenant)).toEqual(days(-60));
  });

  it('makes no period due again when an event is only repeated', async () => {
    const shop = await store();
    const late = new Story(shop.tenant).order(days(-60)).events;
    await apply(late);
    await rows(`update billing_subscriptions set due_at = $2 where tenant_id = $1`, [shop.tenant, NEVER]);
    await apply(late);
    expect(await dueAt(shop.tenant)).toEqual(NEVER);
  });

  it('waits for the pass that bills its period, and makes that period due again', async () => {
    const shop = await store();
    await rows(`delete from billing_periods where tenant_id = $1 and seq = 2`, [shop.tenant]);
    const pass = await owner.connect();
    try {
      await pass.query('begin');
      await pass.query(`select from billing_subscriptions where tenant_id = $1 for update`, [shop.tenant]);
      const applied = apply(new Story(shop.tenant).order(days(-11)).events);
      await waitUntilBlockedBy(database.url, await processOf(pass));
      await pass.query(`update billing_periods set is_invoiced = true where tenant_id = $1`, [shop.tenant]);
      await pass.query('commit');
      await applied;
    } finally {
      pass.release();
    }
    expect(await dueAt(shop.tenant)).toEqual(days(-11));
  });
});

describe('the counters', () => {
  it('show what is used of the plan in force', async () => {
    const shop = await store({ orders: 10, active_users: 3 });
    await apply(new Story(shop.tenant).order(days(-1)).order(days(-2)).signIn(1, days(-1)).events);
    await refreshAll();
    expect(await counters(shop.tenant)).toEqual([
      { period_seq: 2, meter: 'active_users', used: 1, included: 3, soft: 3, hard: 4, announced: 0 },
      { period_seq: 2, meter: 'orders', used: 2, included: 10, soft: 12, hard: 15, announced: 0 },
    ]);
    const dearer = await plan({ orders: 100 });
    await rows(
      `insert into billing_plan_assignments select tenant_id, id, $2, $3, now(), 'test' from billing_subscriptions where tenant_id = $1`,
      [shop.tenant, days(-1), dearer],
    );
    const outcome = await engines.transaction((tx) => billingEngine.run(tx, shop.tenant, days(0)));
    expect(outcome).toEqual({ subjects: 1, opened: 0, changed: 0, closed: 0 });
    expect((await counters(shop.tenant)).at(-1)).toMatchObject({ used: 2, included: 100, soft: 120, hard: 150 });
  });

  it('announce each threshold once, one by one or several together, however often they are refreshed', async () => {
    const shop = await store({ orders: 10 });
    const order = async (count: number) => {
      const more = new Story(shop.tenant);
      for (let each = 0; each < count; each++) more.order(days(-1));
      await apply(more.events);
      await refreshAll();
      await engines.transaction((tx) => billingEngine.run(tx, shop.tenant, days(0)));
      return said(shop.tenant);
    };
    expect(await order(7)).toEqual([]);
    expect(await order(1)).toEqual(['orders 80']);
    expect(await order(1)).toEqual(['orders 80']);
    expect(await order(3)).toEqual(['orders 80', 'orders 100', 'orders 120']);
    expect(await order(10)).toEqual(['orders 80', 'orders 100', 'orders 120', 'orders 150']);
    const jumping = await store({ orders: 2 });
    await apply(new Story(jumping.tenant).order(days(-1)).order(days(-1)).order(days(-1)).events);
    await Promise.all([refresh(), refresh(), refresh()]);
    expect(await said(jumping.tenant)).toEqual(['orders 80', 'orders 100', 'orders 120', 'orders 150']);
  });

  it('announce them again in the next period', async () => {
    const shop = await store({ orders: 1 });
    await apply(new Story(shop.tenant).order(days(-11)).order(days(-1)).events);
    await refreshAll();
    expect((await counters(shop.tenant)).map(({ period_seq: seq, used }) => [seq, used])).toEqual([
      [1, 1],
      [2, 1],
    ]);
    expect(await said(shop.tenant)).toEqual([
      'orders 100',
      'orders 120',
      'orders 150',
      'orders 100',
      'orders 120',
      'orders 150',
    ]);
  });

  it('are announced for meters that only billing counts, once per change', async () => {
    const shop = await store({ orders: 10, active_users: 5, api_calls: 100, stored_mb: 50 });
    const news = async (more: Story) => {
      await apply(more.events);
      await refreshAll();
      const [{ announced }] = (await rows(
        `select count(*)::int as announced from outbox_events where tenant_id = $1 and type = 'account.usage_counted'`,
        [shop.tenant],
      )) as [{ announced: number }];
      return announced;
    };
    const story = () => new Story(shop.tenant);
    expect(await news(story().order(days(-1)).quote(days(-1)))).toBe(0);
    expect(await news(story().signIn(1, days(-1)).calls(7, days(-1)).stored(41, days(-2)))).toBe(1);
    const since = CURRENT.toISOString();
    expect(await counted(shop.tenant)).toEqual([
      `${since} active_users 1`,
      `${since} api_calls 7`,
      `${since} stored_mb 41`,
    ]);
    // The same person again, and a day with less storage.
    expect(await news(story().signIn(1, days(-1)).stored(40, days(-1)))).toBe(1);
    expect(await news(story().order(days(-1)).stored(42, days(-1)))).toBe(2);
    expect(await counted(shop.tenant)).toContain(`${since} stored_mb 42`);
  });

  it('do not exist without a subscription, and the account is not counted again', async () => {
    const shop = new Story().founded(days(-5)).order(days(-1));
    await apply(shop.events);
    await refreshAll();
    expect(await counters(shop.tenant)).toEqual([]);
    const [row] = await rows(`select is_stale from billing_accounts where tenant_id = $1`, [shop.tenant]);
    expect(row).toEqual({ is_stale: false });
  });

  it('include events that arrive during a refresh', async () => {
    const shop = await store({ orders: 100 });
    await apply(new Story(shop.tenant).order(days(-1)).events);
    const arriving = new Story(shop.tenant).order(days(-1)).events;
    let applied: Promise<void> | undefined;
    await engines.transaction(async (tx) => {
      await billingEngine.refresh(tx, 200);
      applied = apply(arriving);
      // A second refresh skips the locked account.
      expect(await refresh()).toBe(0);
      await waitUntilBlockedBy(
        database.url,
        (await tx.first<{ pid: number }>(sql`select pg_backend_pid() as pid`))!.pid,
      );
    });
    await applied;
    expect(await refreshAll()).toBe(1);
    expect(await counters(shop.tenant)).toMatchObject([{ used: 2 }]);
  });
});
