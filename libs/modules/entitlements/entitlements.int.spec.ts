/** Limits and access from events, and units taken by requests, on a real database. */
import fc from 'fast-check';
import type { EventContract, Envelope, EventData } from '#contracts/event';
import { accessChanged, entitlementsChanged, usageCounted, usageLimitReached } from '#contracts/billing/events';
import { DomainError, newId, type TenantId, tenantId } from '#kernel';
import { sql, TenantDatabase, type TenantTransaction } from '#platform/database';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { Applier, arrivalOf, replay } from '#platform/inbox/worker';
import { emit, onBehalfOf } from '#platform/outbox';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { printFigures } from '#testing/print';
import { sampleSize } from '#testing/sample';
import { waitUntilBlockedBy } from '#testing/waiting';
import { currentLimits } from './data/limits.js';
import { reserve } from './index.js';
import { setOwnCap } from './usecases/set-own-cap.js';
import { entitlementsProjection } from './worker.js';

let server: TestDatabase;
let engines: CrossTenantDatabase;
let operator: CrossTenantDatabase;
let stores: TenantDatabase;
/** The database's clock when the tests began. */
let now: Date;

const DAY_MS = 86_400_000;

beforeAll(async () => {
  server = await createTestDatabase();
  const options = { url: server.url, application: 'entitlements-spec' };
  engines = new CrossTenantDatabase({ ...options, role: 'basecommerce_engines' });
  operator = new CrossTenantDatabase({ ...options, role: 'basecommerce_operator' });
  stores = new TenantDatabase({ ...options, maxConnections: 20 });
  now = (await engines.first(sql<{ now: Date }>`select app.now() as now`))!.now;
});

afterAll(async () => {
  await Promise.all([engines.close(), operator.close(), stores.close()]);
  await server.drop();
});

async function store(): Promise<Store> {
  const id = newId();
  await operator.execute(sql`
    insert into tenants (id, slug, legal_name, created_at, changed_at) values (${id}, ${`s${id}`}, 'Store', app.now(), app.now())`);
  return new Store(tenantId(id));
}

const days = (count: number) => new Date(now.getTime() + count * DAY_MS).toISOString();
const RUNNING = { starts_at: '', ends_at: '' };
beforeAll(() => void Object.assign(RUNNING, { starts_at: days(-10), ends_at: days(20) }));

const FULL = {
  sign_in: true,
  read: true,
  export: true,
  pay: true,
  write: true,
  metered_operations: true,
  webhooks_and_keys: true,
};
const READ_ONLY = { ...FULL, write: false, metered_operations: false, webhooks_and_keys: false };

/** One store: the events of its account, and its requests. */
class Store {
  readonly events: Envelope[] = [];

  constructor(readonly tenant: TenantId) {}

  /** Applies the event as the worker does. */
  async announce<Contract extends EventContract>(contract: Contract, data: EventData<Contract>): Promise<void> {
    const event = this.event(contract, data);
    await engines.transaction((tx) => entitlementsProjection.apply(tx, [event]));
  }

  event<Contract extends EventContract>(contract: Contract, data: EventData<Contract>): Envelope {
    const event: Envelope = {
      specversion: '1.0',
      id: newId(),
      source: 'basecommerce/engines-worker',
      type: contract.type,
      subject: `account/${this.tenant}`,
      time: now.toISOString(),
      datacontenttype: 'application/json',
      dataschema: `${contract.type}/v${contract.version}`,
      tenantid: this.tenant,
      aggregateversion: this.events.length + 1,
      actor: 'system:billing',
      data: contract.data.parse(data),
    };
    this.events.push(event);
    return event;
  }

  limits(hard: number, period = RUNNING) {
    const meters = [{ meter: 'quotes' as const, included: Math.floor(hard / 2), soft: Math.floor(hard / 2), hard }];
    return { plan: 'standard', periods: [{ ...period, meters }] };
  }

  access(allows: typeof FULL, to: 'active' | 'suspended' | 'closed' = 'suspended') {
    return { from: 'grace' as const, to, cause: 'grace_elapsed', allows, grace_ends_at: null };
  }

  run<Result>(work: (tx: TenantTransaction) => Promise<Result>, clockOffset?: string): Promise<Result> {
    return stores.transaction({ tenant: this.tenant, actor: { id: 'user:somebody' } }, async (tx) => {
      if (clockOffset) await tx.query(sql`select set_config('app.clock_offset', ${clockOffset}, true)`);
      return work(tx);
    });
  }

  reserve(quantity = 1, clockOffset?: string): Promise<void> {
    return this.run((tx) => reserve(tx, 'quotes', quantity), clockOffset);
  }

  cap(cap: number | null) {
    return this.run((tx) => setOwnCap(tx, 'quotes', cap));
  }

  /** The limits as the API returns them to the store. */
  async shown(meter = 'quotes'): Promise<number | undefined> {
    const found = (await this.run((tx) => tx.query(currentLimits()))).find((row) => row.meter === meter);
    return found && Number(found.used);
  }

  async used(): Promise<number[]> {
    const rows = await this.run((tx) =>
      tx.query(sql<{ used: bigint }>`
        select used from entitlement_usage where tenant_id = ${this.tenant} and meter = 'quotes' order by starts_at`),
    );
    return rows.map(({ used }) => Number(used));
  }
}

async function refusal(work: Promise<unknown>): Promise<DomainError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DomainError);
  return error as DomainError;
}

/** On a slow machine, requests that wait three seconds for a connection are refused; they are repeated. */
async function untilAnswered(work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if ((error as DomainError).code !== 'database_unavailable') throw error;
    }
  }
}

describe('reserving', () => {
  it('admits exactly the hard limit out of 2,400 concurrent requests, and counts as many', async () => {
    const acme = await store();
    await acme.announce(entitlementsChanged, acme.limits(1500));
    const startedAt = performance.now();
    const answers = await Promise.allSettled(Array.from({ length: 2400 }, () => untilAnswered(() => acme.reserve())));
    const seconds = (performance.now() - startedAt) / 1000;
    const refused = answers.filter((answer) => answer.status === 'rejected');
    expect(answers.length - refused.length).toBe(1500);
    expect(new Set(refused.map(({ reason }) => (reason as DomainError).code))).toEqual(
      new Set(['usage_limit_reached']),
    );
    expect(await acme.used()).toEqual([1500]);
    printFigures(`2,400 reservations through 20 connections: ${seconds.toFixed(2)} s`);
  });

  it('names the limit, the units used and the beginning of the next period', async () => {
    const acme = await store();
    await acme.announce(entitlementsChanged, acme.limits(3));
    await acme.reserve(3);
    const { code, kind, extras } = await refusal(acme.reserve());
    expect([code, kind]).toEqual(['usage_limit_reached', 'payment_required']);
    expect(extras.details).toEqual({
      meter: 'quotes',
      used: 3,
      limit: 3,
      limited_by: 'plan',
      period_ends_at: RUNNING.ends_at,
    });
  });

  it('takes several units together or none', async () => {
    const acme = await store();
    await acme.announce(entitlementsChanged, acme.limits(5));
    expect((await refusal(acme.reserve(6))).extras.details).toMatchObject({ used: 0, limit: 5 });
    await acme.reserve(3);
    expect((await refusal(acme.reserve(3))).extras.details).toMatchObject({ used: 3 });
    await acme.reserve(2);
    expect(await acme.used()).toEqual([5]);
  });

  it('applies the store’s own cap when it is lower, and admits more when the cap is raised', async () => {
    const acme = await store();
    await acme.announce(entitlementsChanged, acme.limits(5));
    expect(await acme.cap(2)).toMatchObject({ cap: 2n, set_by: 'user:somebody' });
    await acme.reserve(2);
    expect((await refusal(acme.reserve())).extras.details).toMatchObject({ used: 2, limit: 2, limited_by: 'own_cap' });
    await acme.cap(3);
    await acme.reserve();
    expect((await refusal(acme.reserve())).extras.details).toMatchObject({ limit: 3 });
    await acme.cap(50);
    await acme.reserve(2);
    expect((await refusal(acme.reserve())).extras.details).toMatchObject({ limit: 5, limited_by: 'plan' });
    await acme.cap(0);
    expect((await refusal(acme.reserve())).extras.details).toMatchObject({ used: 5, limit: 0 });
    expect(await acme.cap(null)).toMatchObject({ cap: null });
    expect((await refusal(acme.reserve())).extras.details).toMatchObject({ limit: 5, limited_by: 'plan' });
  });

  it('starts each period at zero, and keeps the count of the previous one', async () => {
    const acme = await store();
    await acme.announce(entitlementsChanged, {
      plan: 'standard',
      periods: [
        ...acme.limits(2).periods,
        ...acme.limits(3, { starts_at: RUNNING.ends_at, ends_at: days(50) }).periods,
      ],
    });
    await acme.reserve(2);
    await refusal(acme.reserve());
    const nextPeriod = '25 days';
    await acme.reserve(3, nextPeriod);
    await refusal(acme.reserve(1, nextPeriod));
    expect(await acme.used()).toEqual([2, 3]);
    const shown = (clockOffset?: string) => acme.run((tx) => tx.query(currentLimits()), clockOffset);
    expect(await shown()).toEqual([expect.objectContaining({ hard: 2n, used: 2n })]);
    expect(await shown(nextPeriod)).toEqual([expect.objectContaining({ hard: 3n, used: 3n })]);
    expect(await shown('60 days')).toEqual([]);
  });

  it('counts the end instant of a period to the next period', async () => {
    const acme = await store();
    const [clock] = [await acme.run((tx) => tx.now())];
    const border = new Date(clock.getTime() + DAY_MS).toISOString();
    await acme.announce(entitlementsChanged, {
      plan: 'standard',
      periods: [
        ...acme.limits(1, { starts_at: RUNNING.starts_at, ends_at: border }).periods,
        ...acme.limits(1, { starts_at: border, ends_at: days(50) }).periods,
      ],
    });
    await acme.run(async (tx) => {
      const offset = sql<{ offset: string }>`select (${border}::timestamptz - now())::text as offset`;
      await tx.query(sql`select set_config('app.clock_offset', ${(await tx.first(offset))!.offset}, true)`);
      await reserve(tx, 'quotes');
    });
    await acme.reserve();
    expect(await acme.used()).toEqual([1, 1]);
  });

  it('returns the units of a request that is rolled back', async () => {
    const acme = await store();
    await acme.announce(entitlementsChanged, acme.limits(2));
    await acme.reserve();
    const failing = acme.run(async (tx) => {
      await reserve(tx, 'quotes');
      throw new Error('something else went wrong');
    });
    await expect(failing).rejects.toThrow('something else');
    expect(await acme.used()).toEqual([1]);
    await acme.reserve();
  });

  it('gives a waiting request the unit that the previous request returns', async () => {
    const acme = await store();
    await acme.announce(entitlementsChanged, acme.limits(1));
    let waiting: Promise<void> | undefined;
    await acme
      .run(async (tx) => {
        await reserve(tx, 'quotes');
        waiting = acme.reserve();
        const { pid } = (await tx.first<{ pid: number }>(sql`select pg_backend_pid() as pid`))!;
        await waitUntilBlockedBy(server.url, pid);
        throw new Error('rolled back');
      })
      .catch(() => undefined);
    await waiting;
    expect(await acme.used()).toEqual([1]);
  });

  it('lets a store without a plan through, and one whose period is not announced yet', async () => {
    const acme = await store();
    await acme.reserve(1000);
    await acme.announce(entitlementsChanged, acme.limits(1, { starts_at: days(5), ends_at: days(35) }));
    await acme.reserve(1000);
    await acme.run((tx) => reserve(tx, 'orders'));
    expect(await acme.used()).toEqual([]);
  });

  it('counts in a period that is announced late the units used in it before, and no earlier ones', async () => {
    const acme = await store();
    await acme.reserve(7, '-11 days');
    await acme.reserve(2, '-9 days');
    await acme.reserve();
    await acme.announce(entitlementsChanged, acme.limits(5));
    expect(await acme.shown()).toBe(3);
    expect((await refusal(acme.reserve(3))).extras.details).toMatchObject({ used: 3, limit: 5 });
    await acme.reserve(2);
    expect((await refusal(acme.reserve())).extras.details).toMatchObject({ used: 5, limit: 5 });
    expect(await acme.shown()).toBe(5);
  });

  it('counts a request that began before its period was announced and ends after', async () => {
    const acme = await store();
    await acme.run(async (tx) => {
      await reserve(tx, 'quotes', 2);
      await acme.announce(entitlementsChanged, acme.limits(3));
      await acme.reserve();
      expect(await acme.shown()).toBe(1);
    });
    expect(await acme.shown()).toBe(3);
    await refusal(acme.reserve());
  });

  it('continues from the units that only billing has counted, when a plan restarted on another day', async () => {
    const acme = await store();
    await acme.announce(entitlementsChanged, acme.limits(100));
    await acme.reserve(4);
    const restarted = { starts_at: days(-12), ends_at: days(18) };
    const [period] = acme.limits(6, restarted).periods;
    const meters = period!.meters.map((limits) => ({ ...limits, used: 4 }));
    await acme.announce(entitlementsChanged, { plan: 'restarted', periods: [{ ...period!, meters }] });
    expect(await acme.shown()).toBe(4);
    await acme.reserve(2);
    expect(await acme.shown()).toBe(6);
    expect((await refusal(acme.reserve())).extras.details).toMatchObject({ used: 6, limit: 6 });
    // Every pass and every change of the plan announces the period again; its units are not counted twice.
    const again = period!.meters.map((limits) => ({ ...limits, hard: 7, used: 6 }));
    await acme.announce(entitlementsChanged, { plan: 'restarted', periods: [{ ...period!, meters: again }] });
    expect(await acme.shown()).toBe(6);
    await acme.reserve();
    await refusal(acme.reserve());
  });

  it('shows billing’s newest count of a meter that no request reserves', async () => {
    const acme = await store();
    const limits = (used?: number) => ({
      plan: 'standard',
      periods: [
        {
          ...RUNNING,
          meters: [
            {
              meter: 'api_calls' as const,
              included: 100,
              soft: 120,
              hard: 150,
              ...(used === undefined ? {} : { used }),
            },
          ],
        },
      ],
    });
    const counted = (used: number, period = RUNNING) =>
      acme.announce(usageCounted, { period, meters: [{ meter: 'api_calls', used }] });
    await counted(3);
    await acme.announce(entitlementsChanged, limits(5));
    expect(await acme.shown('api_calls')).toBe(5);
    await counted(41);
    await acme.announce(entitlementsChanged, limits());
    expect(await acme.shown('api_calls')).toBe(41);
    await counted(99, { starts_at: days(-40), ends_at: days(-10) });
    expect(await acme.shown('api_calls')).toBe(41);
  });

  it('never exceeds the limit and counts every unit, in any order of requests and announcements', async () => {
    const steps = fc.array(
      fc.oneof(
        { weight: 4, arbitrary: fc.record({ units: fc.integer({ min: 1, max: 4 }) }) },
        { weight: 2, arbitrary: fc.record({ hard: fc.integer({ min: 0, max: 20 }) }) },
        { weight: 1, arbitrary: fc.record({ cap: fc.option(fc.integer({ min: 0, max: 20 })) }) },
      ),
      { maxLength: 14 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (story) => {
        const acme = await store();
        let [used, hard, cap] = [0, undefined as number | undefined, null as number | null];
        for (const step of story) {
          if ('hard' in step) await acme.announce(entitlementsChanged, acme.limits((hard = step.hard)));
          else if ('cap' in step) await acme.cap((cap = step.cap));
          else {
            const most = hard === undefined ? Infinity : Math.min(hard, cap ?? Infinity);
            const isRefused = used + step.units > most;
            if (isRefused)
              expect((await refusal(acme.reserve(step.units))).extras.details).toMatchObject({ used, limit: most });
            else await acme.reserve(step.units);
            if (!isRefused) used += step.units;
          }
          if (hard !== undefined) expect(await acme.shown()).toBe(used);
        }
      }),
      { numRuns: sampleSize(20, 60) },
    );
  });

  it('counts each store separately', async () => {
    const [acme, bolt] = [await store(), await store()];
    await acme.announce(entitlementsChanged, acme.limits(1));
    await bolt.announce(entitlementsChanged, bolt.limits(2));
    await acme.cap(0);
    await bolt.reserve(2);
    await refusal(acme.reserve());
    await refusal(bolt.reserve());
    expect([await acme.used(), await bolt.used()]).toEqual([[], [2]]);
  });

  it('refuses a quantity that is no number of units', async () => {
    const acme = await store();
    for (const quantity of [0, -1, 1.5, Number.NaN]) await expect(acme.reserve(quantity)).rejects.toThrow(RangeError);
  });
});

describe('the account’s events', () => {
  it('change limits during a period and keep the used units', async () => {
    const acme = await store();
    await acme.announce(entitlementsChanged, acme.limits(2));
    await acme.reserve(2);
    await acme.announce(entitlementsChanged, acme.limits(4));
    expect(await acme.used()).toEqual([2]);
    await acme.reserve(2);
    await acme.announce(entitlementsChanged, acme.limits(3));
    expect((await refusal(acme.reserve())).extras.details).toMatchObject({ used: 4, limit: 3 });
  });

  it('remove the limit of a meter that the plan no longer names', async () => {
    const acme = await store();
    await acme.announce(entitlementsChanged, acme.limits(1));
    await acme.announce(entitlementsChanged, { plan: 'open', periods: [{ ...RUNNING, meters: [] }] });
    await acme.reserve(100);
  });

  it('change nothing when they repeat the same facts; other events of the account are ignored', async () => {
    const acme = await store();
    const limits = acme.limits(2);
    await acme.announce(entitlementsChanged, limits);
    await acme.reserve();
    await acme.announce(entitlementsChanged, limits);
    await acme.announce(usageLimitReached, { meter: 'quotes', percent: 80, used: 2, included: 1, period: RUNNING });
    await acme.reserve();
    await refusal(acme.reserve());
  });

  it('give the same rows in one batch of many stores and one by one', async () => {
    const announced = (each: Store) => [
      each.event(entitlementsChanged, each.limits(10)),
      each.event(accessChanged, each.access(READ_ONLY)),
      each.event(entitlementsChanged, each.limits(20, { starts_at: days(-1), ends_at: days(29) })),
      each.event(accessChanged, each.access(FULL, 'active')),
      each.event(entitlementsChanged, each.limits(30, { starts_at: days(29), ends_at: days(59) })),
    ];
    const [acme, bolt, casa] = [await store(), await store(), await store()];
    const [mixed, single] = [[announced(acme), announced(bolt)], announced(casa)];
    const interleaved = mixed[0]!.flatMap((event, index) => [event, mixed[1]![index]!]);
    await engines.transaction((tx) => entitlementsProjection.apply(tx, interleaved));
    for (const event of single) await engines.transaction((tx) => entitlementsProjection.apply(tx, [event]));
    const pictures = await Promise.all([acme, bolt, casa].map(pictureOf));
    expect(pictures[0]).toContain(`"hard":20`);
    expect(pictures[0]).not.toContain(`"hard":10`);
    expect(pictures[1]).toBe(pictures[0]);
    expect(pictures[2]).toBe(pictures[0]);
  });

  it('give the same rows through the worker’s gate, in any order and with repetitions', async () => {
    await engines.execute(sql`
      insert into consumer_leases (engine, partition, holder, epoch, expires_at)
      values ('entitlements', 0, 'spec', 1, now() + interval '1 hour')`);
    const applier = new Applier({
      database: engines,
      consumer: entitlementsProjection,
      holder: 'spec',
      partitions: 1,
    });
    const history = (each: Store) => [
      each.event(entitlementsChanged, each.limits(10)),
      each.event(accessChanged, each.access(READ_ONLY)),
      each.event(usageLimitReached, { meter: 'quotes', percent: 80, used: 8, included: 5, period: RUNNING }),
      each.event(entitlementsChanged, each.limits(20)),
      each.event(accessChanged, each.access(FULL, 'active')),
      each.event(entitlementsChanged, each.limits(30, { starts_at: RUNNING.ends_at, ends_at: days(50) })),
    ];
    const orderly = await store();
    for (const event of history(orderly)) await engines.transaction((tx) => entitlementsProjection.apply(tx, [event]));
    const expected = await pictureOf(orderly);
    const deliveries = fc.tuple(
      fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }),
      fc.array(fc.nat(5), { maxLength: 6 }),
      fc.integer({ min: 1, max: 12 }),
    );
    await fc.assert(
      fc.asyncProperty(deliveries, async ([order, again, size]) => {
        const acme = await store();
        const events = history(acme);
        const arrivals = [...order, ...again].map((index) => arrivalOf(events[index]!));
        for (let from = 0; from < arrivals.length; from += size)
          await applier.handle(arrivals.slice(from, from + size), new Map([[0, 1]]));
        expect(await pictureOf(acme)).toBe(expected);
      }),
      { numRuns: sampleSize(15, 40) },
    );
  });

  it('rebuild limits and access, and a rebuild returns no unit and no cap', async () => {
    const acme = await store();
    const versions = [acme.limits(2), acme.limits(3)];
    await engines.transaction(async (tx) => {
      const account = onBehalfOf(tx, acme.tenant, 'system:billing');
      versions.forEach((data, index) =>
        emit(account, entitlementsChanged, { id: acme.tenant, version: index + 1 }, data),
      );
      emit(account, accessChanged, { id: acme.tenant, version: 3 }, acme.access(FULL, 'active'));
    });
    await engines.execute(sql`
      insert into engine_versions (tenant_id, engine, aggregate_id, aggregate, version)
      values (${acme.tenant}, 'entitlements', ${acme.tenant}, 'account', 3)`);
    await acme.announce(entitlementsChanged, acme.limits(100));
    await acme.reserve(2);
    await acme.cap(50);
    for await (const outcome of replay(engines, entitlementsProjection, acme.tenant))
      expect(outcome).toMatchObject({ events: 3 });
    expect(await acme.used()).toEqual([2]);
    await acme.reserve();
    expect((await refusal(acme.reserve())).extras.details).toMatchObject({ used: 3, limit: 3 });
    await acme.cap(1);
    expect((await refusal(acme.reserve())).extras.details).toMatchObject({ limit: 1 });
  });
});

describe('the store’s own caps', () => {
  const announced = (tenant: string) =>
    engines.query(sql<{
      aggregate_id: string;
      version: number;
      meter: string;
      cap: number | null;
      set_by: string;
      set_at: string;
    }>`
      select aggregate_id, aggregate_version as version, data ->> 'meter' as meter, (data ->> 'cap')::int as cap,
             data ->> 'set_by' as set_by, data ->> 'set_at' as set_at
        from outbox_events where tenant_id = ${tenant} and type = 'usage.cap_changed' order by seq`);

  it('are announced with the commit, each meter as one aggregate that counts its changes, removals included', async () => {
    const acme = await store();
    await acme.cap(3);
    await acme.cap(null);
    await acme.cap(null);
    const set = await acme.cap(0);
    await acme.run((tx) => setOwnCap(tx, 'orders', 9));
    await acme.run((tx) => setOwnCap(tx, 'api_calls', null));
    await expect(
      acme.run(async (tx) => {
        await setOwnCap(tx, 'quotes', 7);
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    const events = await announced(acme.tenant);
    expect(events.map(({ meter, version, cap }) => [meter, version, cap])).toEqual([
      ['quotes', 1, 3],
      ['quotes', 2, null],
      ['quotes', 3, 0],
      ['orders', 1, 9],
    ]);
    expect(new Set(events.map(({ aggregate_id: id }) => id)).size).toBe(2);
    expect(events[2]).toMatchObject({ set_by: 'user:somebody', set_at: set.set_at!.toISOString() });
  });

  it('are announced in the order in which they were set, also by concurrent requests', async () => {
    const acme = await store();
    await Promise.all(Array.from({ length: 40 }, (_, cap) => acme.cap(cap % 5 === 0 ? null : cap)));
    const events = await announced(acme.tenant);
    expect(events.map(({ version }) => version)).toEqual(events.map((_, index) => index + 1));
    expect(events.map(({ set_at: at }) => at)).toEqual(events.map(({ set_at: at }) => at).sort());
    const [kept] = await acme.run((tx) =>
      tx.query(sql<{ cap: bigint | null }>`select cap from entitlement_caps where tenant_id = ${acme.tenant}`),
    );
    expect(events.at(-1)!.cap).toBe(kept!.cap === null ? null : Number(kept!.cap));
  });
});

async function pictureOf(each: Store): Promise<string> {
  const rows = await engines.query(sql<{ row: string }>`
    select row_to_json(e)::text as row from entitlements e where tenant_id = ${each.tenant}
    union all
    select row_to_json(a)::text from tenant_access a where tenant_id = ${each.tenant}
    order by 1`);
  return rows.map(({ row }) => row.replaceAll(each.tenant, 'TENANT')).join('\n');
}

describe('access', () => {
  const visit = (each: Store, isWrite: boolean) =>
    each.run((tx) => tx.query(sql`select app.admit_visitor(${isWrite})`));

  it('is open for a store without events from billing', async () => {
    const acme = await store();
    await visit(acme, true);
  });

  it('lets a suspended store read and refuses its writes until it has paid', async () => {
    const acme = await store();
    await acme.announce(accessChanged, acme.access(READ_ONLY));
    await visit(acme, false);
    expect(await refusal(visit(acme, true))).toMatchObject({ code: 'tenant_suspended', kind: 'payment_required' });
    await acme.announce(accessChanged, { ...acme.access(FULL, 'active'), from: 'suspended' });
    await visit(acme, true);
  });

  it('is closed for a store that may no longer read', async () => {
    const acme = await store();
    await acme.announce(accessChanged, acme.access({ ...READ_ONLY, read: false, pay: false }, 'closed'));
    expect((await refusal(visit(acme, false))).code).toBe('tenant_closed');
  });

  it('is the stricter of the states set by the operator and by billing', async () => {
    const acme = await store();
    await operator.execute(sql`update tenants set state = 'suspended' where id = ${acme.tenant}`);
    await acme.announce(accessChanged, acme.access(FULL, 'active'));
    expect((await refusal(visit(acme, true))).code).toBe('tenant_suspended');
    await operator.execute(sql`update tenants set state = 'closed' where id = ${acme.tenant}`);
    await acme.announce(accessChanged, acme.access(READ_ONLY));
    expect((await refusal(visit(acme, false))).code).toBe('tenant_closed');
  });

  it('puts only metered operations on hold when billing says so, also for a store without limits, and takes no unit', async () => {
    const [acme, bolt] = [await store(), await store()];
    await acme.announce(entitlementsChanged, acme.limits(5));
    await acme.reserve();
    for (const each of [acme, bolt]) {
      await each.announce(accessChanged, each.access({ ...FULL, metered_operations: false }, 'active'));
      await visit(each, true);
      expect(await refusal(each.reserve())).toMatchObject({
        code: 'metered_operations_held',
        kind: 'payment_required',
        extras: { details: { meter: 'quotes' } },
      });
    }
    // Not even when the request continues without it.
    await acme.run((tx) => reserve(tx, 'quotes').catch(() => undefined));
    expect(await acme.used()).toEqual([1]);
    await acme.announce(accessChanged, acme.access(FULL, 'active'));
    await acme.reserve();
  });
});
