/** The tables of a consumer are rebuilt from the outbox while events arrive, and every rebuild gives the same rows. */
import { CrossTenantDatabase } from '#platform/database/crossing';
import { json, sql } from '#platform/database';
import type { EventConsumer } from '#platform/inbox';
import { replay } from '#platform/inbox/worker';
import { printFigures } from '#testing/print';
import { sampleSize } from '#testing/sample';
import { CLEAN, FaultSystem, recorder, steadyWriters } from './system.js';

let system: FaultSystem;

beforeEach(async () => {
  system = await FaultSystem.start(0);
  await system.owner.query(`
    create table replayed_products (
      tenant_id uuid not null, product_id uuid not null, moves int not null, digest text not null, primary key (tenant_id, product_id)
    );
    alter table replayed_products enable row level security, force row level security;
    create policy engines_access on replayed_products to basecommerce_engines using (true) with check (true);
    grant select, insert, update, delete on replayed_products to basecommerce_engines;
    -- The digest depends on every event and on their order.
    create function replayed_apply(events json) returns void language plpgsql as $$
    declare e json;
    begin
      for e in select value from json_array_elements(events) loop
        insert into replayed_products as p values ((e->>'tenantid')::uuid, split_part(e->>'subject', '/', 2)::uuid, 1, md5(e->>'id'))
        on conflict (tenant_id, product_id) do update set moves = p.moves + 1, digest = md5(p.digest || (e->>'id'));
      end loop;
    end $$;
    grant execute on function replayed_apply(json) to basecommerce_engines;
  `);
});
afterEach(() => system.stop());

const engine: EventConsumer = {
  ...recorder(),
  tables: ['replayed_products'],
  async apply(tx, events) {
    await recorder().apply(tx, events);
    await tx.query(sql`select replayed_apply(${json(events)})`);
  },
};
/** The recorder's table does not belong to the consumer: a replay must not write effects to it a second time. */
const rebuilt: EventConsumer = {
  ...engine,
  apply: async (tx, events) => void (await tx.query(sql`select replayed_apply(${json(events)})`)),
};

const table = async () =>
  (
    await system.owner.query<{ text: string }>(
      `select string_agg(p::text, E'\\n' order by tenant_id, product_id) as text from replayed_products p`,
    )
  ).rows[0]!.text;

it('rebuilds equal tables twice, once while live events arrive and once without them', async () => {
  await system.relay().start();
  await system.worker([engine]).start();
  const writers = steadyWriters(system, 3, 5);
  await system.flows(sampleSize(1_000, 4_000));
  await system.owner.query(`update replayed_products set moves = -1, digest = 'damaged'`);
  const crossing = new CrossTenantDatabase({
    url: system.database.url,
    role: 'basecommerce_engines',
    application: 'faults replay',
    maxConnections: 3,
  });
  const beside = [];
  for await (const outcome of replay(crossing, rebuilt)) beside.push(outcome);
  await writers.stop();
  await system.quiet();
  const live = await table();
  const atRest = [];
  for await (const outcome of replay(crossing, rebuilt)) atRest.push(outcome);
  await crossing.close();
  const verdict = await system.verdict();
  printFigures(`replayed ${beside.length} stores beside live events:`, {
    replayed: beside.reduce((sum, { events }) => sum + events, 0),
    lockedForAtMostMs: Math.max(...beside.map(({ lockedMs }) => lockedMs)),
    ...verdict,
  });
  expect(beside.length).toBe(12);
  expect(atRest.reduce((sum, { events }) => sum + events, 0)).toBe(verdict.events);
  expect(await table()).toBe(live);
  expect(live).not.toContain('damaged');
  expect(verdict).toMatchObject(CLEAN);
  expect((await system.owner.query(`select from pg_namespace where nspname like 'replay%'`)).rowCount).toBe(0);
});
