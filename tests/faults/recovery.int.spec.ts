/**
 * A database goes back in time: a copy is made, stores continue to write, and then the copy replaces the original under the
 * same name. Events that left the original after the copy must not enter the copy, and the events of the copy must arrive
 * once.
 */
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { confirmEpoch, fenceDatabase, recoveryStatus } from '#platform/recovery';
import { newId } from '#kernel';
import { StreamNames } from '#platform/streams';
import { testServerUrl } from '#testing/database';
import { printFigures } from '#testing/print';
import { staysTrue, waitUntil } from '#testing/waiting';
import { type Aggregate, aggregates, CLEAN, FaultSystem, PARTITIONS, tenants } from './system.js';

let system: FaultSystem;
let admin: pg.Client;
let operator: CrossTenantDatabase;
let leftovers: string[];

beforeEach(async () => {
  system = await FaultSystem.start(12);
  admin = new pg.Client({ connectionString: testServerUrl() });
  await admin.connect();
  operator = new CrossTenantDatabase({
    url: system.database.url,
    role: 'basecommerce_operator',
    application: 'faults operator',
    maxConnections: 1,
  });
  leftovers = [];
});
afterEach(async () => {
  await operator.close();
  await system.stop();
  for (const name of leftovers) await admin.query(`drop database if exists ${name} with (force)`);
  await admin.end();
});

/** Ends all connections, because a database cannot be copied or renamed while it has any. Processes reconnect. */
async function alone(name: string, statement: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await admin.query(`alter database ${name} allow_connections false`);
    await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
    try {
      await admin.query(statement);
      return;
    } catch (error) {
      if (attempt === 20) throw error;
      await pause(50);
    }
  }
}

async function backUp(): Promise<string> {
  const { name } = system.database;
  const copy = `${name}_copy`;
  leftovers.push(copy);
  await alone(name, `create database ${copy} template ${name} strategy file_copy`);
  await admin.query(`alter database ${name} allow_connections true`);
  return copy;
}

async function restore(copy: string, beforeAnybodyConnects = ''): Promise<void> {
  const { name } = system.database;
  const lost = `${name}_lost`;
  leftovers.push(lost);
  await alone(name, `alter database ${name} rename to ${lost}`);
  await admin.query(`alter database ${copy} rename to ${name}`);
  await admin.query(`alter database ${name} allow_connections false`);
  await admin.query(`alter database ${name} allow_connections true`);
  if (beforeAnybodyConnects) await system.owner.query(beforeAnybodyConnects);
}

const confirm = () => operator.transaction((tx) => confirmEpoch(tx, 'operator:test'));
const streamLengths = async () => {
  const lengths = await Promise.all(
    new StreamNames(system.vertical, PARTITIONS).all.map((key) => system.redis.xlen(key)),
  );
  return lengths.reduce((sum, length) => sum + length, 0);
};
/** The number of events in the streams with a higher version than this. */
async function publishedBeyond(version: number): Promise<number> {
  const streams = new StreamNames(system.vertical, PARTITIONS).all;
  const entries = (await Promise.all(streams.map((stream) => system.redis.xrange(stream, '-', '+')))).flat();
  const events = entries.flatMap(
    ([, fields]) => JSON.parse(`[${fields[fields.indexOf('e') + 1]}]`) as { aggregateversion: number }[],
  );
  return events.filter(({ aggregateversion }) => aggregateversion > version).length;
}
const versionsOf = (products: readonly Aggregate[]) => products.map(({ version }) => version);
const setBack = (products: readonly Aggregate[], versions: readonly number[]) =>
  products.forEach((product, index) => (product.version = versions[index]!));

it('applies no event of the lost future, and every event of the restored past once', async () => {
  const [store] = tenants(1);
  const products = aggregates(24);
  const write = () => system.write(store!, products);
  const first = { relay: system.relay(), worker: system.worker() };
  await first.relay.start();
  await first.worker.start();
  await write();
  await system.quiet();
  await first.worker.stop();
  await write(); // in Redis, not taken by any consumer
  await waitUntil('the second round is in Redis', async () => (await streamLengths()) > 0);
  await first.relay.stop();
  await write(); // only in the outbox
  const versions = versionsOf(products);
  const copy = await backUp();

  // Leases that change hands in the lost future leave fencing tokens in Redis that are higher than all of the restored past.
  for (let change = 0; change < 3; change++) {
    const [passing, worker] = [system.relay(), system.worker()];
    await passing.start();
    await worker.start();
    await waitUntil('it leads', () => passing.isLeader && worker.held > 0);
    await worker.stop();
    await passing.stop();
  }
  const relay = system.relay();
  await relay.start();
  const second = system.worker();
  await second.start();
  for (let round = 0; round < 5; round++) await write(); // the lost future, applied
  await system.quiet();
  await second.stop();
  const applied = products[0]!.version;
  for (let round = 0; round < 5; round++) await write(); // the lost future, in Redis
  await waitUntil('the lost future is in Redis', async () => (await publishedBeyond(applied)) === 24 * 5);

  await restore(copy);
  setBack(products, versions);
  await write(); // stores continue: the same versions as in the lost future, with other events
  await system.worker().start();
  await waitUntil('the relay has noticed', () => relay.fence !== undefined);
  const before = await streamLengths();
  await write();
  await staysTrue('nothing is published', async () => (await streamLengths()) === before, 1_500);
  expect(await system.verdict()).toMatchObject({ events: 24 * 5, effects: 24, invented: 0 });
  expect(await recoveryStatus(operator)).toMatchObject({ epoch: 1n, is_fenced: true, fenced_by: 'system:relay' });

  expect(await confirm()).toMatchObject({ epoch: 2n, is_fenced: false, opened_by: 'operator:test' });
  await system.quiet();
  // An event of the lost future would be one effect too many.
  await staysTrue('nothing more is applied', async () => (await system.effects()) === 24 * 5, 500);
  const verdict = await system.verdict();
  printFigures('restored:', verdict);
  expect(verdict).toMatchObject({ ...CLEAN, events: 24 * 5 });
  expect(relay.fence).toBeUndefined();
});

it('detects a machine that was set back together with its database, by the mark in Redis', async () => {
  const [store] = tenants(1);
  const products = aggregates(8);
  const relay = system.relay();
  await system.write(store!, products);
  await relay.drain();
  const versions = versionsOf(products);
  const copy = await backUp();
  await system.write(store!, products);
  await relay.drain();
  // Like a snapshot of the machine: cluster, timeline and database stay the same.
  await restore(copy, 'update recovery_state set lineage = app.database_lineage()');
  setBack(products, versions);
  await expect(relay.drain()).rejects.toThrow('it went back in time');
  await expect(system.worker().drain()).rejects.toThrow('Nothing leaves this database');
  expect(await system.verdict()).toMatchObject({ effects: 0 });
});

it('acknowledges entries of an earlier epoch without applying them, and leaves those of an epoch it does not know', async () => {
  const [store] = tenants(1);
  const products = aggregates(1);
  const relay = system.relay();
  const worker = system.worker();
  await system.write(store!, products);
  await relay.drain();
  await worker.drain();
  await operator.transaction((tx) => fenceDatabase(tx, 'operator:test', 'restored'));
  await confirm();
  await relay.drain();
  const { rows } = await system.owner.query<{ envelope: string }>(
    `select app.event_envelope(o) as envelope from outbox_events o`,
  );
  const invented = JSON.stringify({ ...(JSON.parse(rows[0]!.envelope) as object), id: newId(), aggregateversion: 2 });
  const [stream] = new StreamNames(system.vertical, PARTITIONS).all;
  await system.redis.xadd(stream!, '*', 'n', 1, 'e', invented, 'r', 1);
  await system.redis.xadd(stream!, '*', 'n', 1, 'e', invented, 'r', 3);
  await worker.start();
  const pendingOf = async () => ((await system.redis.xpending(stream!, 'stock')) as [number])[0];
  await waitUntil('both were read', async () => (await pendingOf()) === 1);
  await staysTrue('the entry of the later epoch waits', async () => (await pendingOf()) === 1, 1_000);
  expect(await system.verdict()).toMatchObject({ events: 1, effects: 1, invented: 0, held: 0 });
});

it('detects an event that was published after the last mark', async () => {
  const [store] = tenants(1);
  const products = aggregates(1);
  const relay = system.relay();
  await system.write(store!, products);
  await relay.drain();
  // A relay publishes such events between two marks.
  const [stream] = (
    await Promise.all(
      new StreamNames(system.vertical, PARTITIONS).all.map(async (key) => [key, await system.redis.xlen(key)] as const),
    )
  ).find(([, length]) => length > 0)!;
  const [[, fields]] = (await system.redis.xrange(stream, '-', '+')) as [[string, string[]]];
  const envelope = JSON.parse(fields[3]!) as { aggregateversion: number };
  await system.redis.xadd(stream, '*', 'n', 1, 'e', JSON.stringify({ ...envelope, aggregateversion: 2 }), 'r', 1);
  await expect(relay.drain()).rejects.toThrow('was published and is not in the outbox');
});

it('takes over from a failed server without a person when nothing was lost', async () => {
  const [store] = tenants(1);
  const products = aggregates(8);
  const relay = system.relay();
  await relay.start();
  await system.worker().start();
  await system.write(store!, products);
  await system.quiet();
  // A complete copy equals a promoted standby: another lineage, and nothing is missing.
  await restore(await backUp());
  await system.write(store!, products);
  await system.quiet();
  expect(await recoveryStatus(operator)).toMatchObject({ epoch: 1n, is_fenced: false });
  expect(await system.verdict()).toMatchObject({ ...CLEAN, events: 16 });
});

it('does not take a loaded dump for a promoted server, although Redis knows all its events', async () => {
  const [store] = tenants(1);
  await system.write(store!, aggregates(3));
  const relay = system.relay();
  await relay.start();
  await system.worker().start();
  await system.quiet();
  await relay.stop();
  // A dump contains positions that name transactions of the cluster from which it was made.
  await system.owner.query(`update relay_positions set published = '900000000:900000000:'`);
  await expect(system.relay().drain()).rejects.toThrow('loaded from a dump');
  expect(await recoveryStatus(operator)).toMatchObject({
    is_fenced: true,
    fenced_by: 'system:relay',
    fenced_because: expect.stringContaining('another cluster'),
  });
});

it('waits for a person when there is no evidence whether anything was lost', async () => {
  const [store] = tenants(1);
  const products = aggregates(4);
  const relay = system.relay();
  await system.write(store!, products);
  await relay.drain();
  const copy = await backUp();
  await system.redis.del(...(await system.redis.keys(`*{${system.vertical}}*`)));
  await restore(copy);
  await expect(relay.drain()).rejects.toThrow('Redis has nothing that says');
  await confirm();
  const worker = system.worker();
  await relay.drain();
  await relay.drain();
  await worker.drain();
  expect(await system.verdict()).toMatchObject({ ...CLEAN, events: 4 });
});

it('stops when an operator fences the database and continues when an operator confirms', async () => {
  const [store] = tenants(1);
  const products = aggregates(4);
  const relay = system.relay();
  await relay.start();
  await system.worker().start();
  await system.write(store!, products);
  await system.quiet();
  await operator.transaction((tx) => fenceDatabase(tx, 'operator:test', 'looking into it'));
  await waitUntil('the relay stands', () => relay.fence === 'looking into it');
  await system.write(store!, products);
  await staysTrue('nothing is applied', async () => (await system.effects()) === 4, 600);
  const refusal = operator.transaction((tx) => fenceDatabase(tx, 'operator:test', 'again'));
  await expect(refusal).rejects.toMatchObject({ code: 'recovery_fenced_already' });
  await confirm();
  await expect(confirm()).rejects.toMatchObject({ code: 'recovery_not_fenced' });
  await system.quiet();
  expect(await system.verdict()).toMatchObject({ ...CLEAN, events: 8 });
});
