/**
 * PostgreSQL is killed by kill -9 several times under load. A worker's commit does not wait for the disk, so each crash undoes
 * batches that the worker had already acknowledged. This file starts its own server, which writes its log slowly, so that
 * there are such batches.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { register } from 'prom-client';
import type { TenantId } from '#kernel';
import { printFigures } from '#testing/print';
import { sampleSize } from '#testing/sample';
import { type Aggregate, aggregates, CLEAN, FaultSystem, tenants } from './system.js';

const CRASHES_IN_FLOW = sampleSize(2, 4);
const CRASHES_BEHIND_COMMITS = sampleSize(1, 2);
const WRITERS = 4;
/** Effects between two crashes. */
const FLOWING = 400;
const START_ATTEMPTS = 200;

interface Server {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
}

let home: string;
let server: Server;
let system: FaultSystem;
let onCommitted: (() => void) | undefined;

async function startServer(port?: number): Promise<Server> {
  const launcher = path.resolve('tools/launch/postgres.mjs');
  const { startPostgres } = (await import(launcher)) as { startPostgres(options: object): Promise<Server> };
  return startPostgres({
    data: path.join(home, 'data'),
    logFile: path.join(home, 'postgres.log'),
    settings: { wal_writer_delay: '5s', wal_writer_flush_after: '1GB', max_connections: 60 },
    port,
  });
}

beforeAll(async () => {
  home = mkdtempSync(path.join(os.tmpdir(), 'crash-'));
  server = await startServer();
  process.env['TEST_DATABASE_URL'] = server.url;
  system = await FaultSystem.start(11);
});

afterAll(async () => {
  await system.stop();
  process.kill(server.pid, 'SIGINT');
  await gone(server.pid);
  rmSync(home, { recursive: true, force: true });
});

async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await pause(20);
  }
}

/** Kills the postmaster. Its children detect that and end. */
function kill(): void {
  process.kill(server.pid, 'SIGKILL');
}

/** No other server may start until the children of the killed one have ended, and a client may detect the crash late. */
async function restart(): Promise<void> {
  await gone(server.pid);
  for (let attempt = 1; ; attempt++) {
    try {
      server = await startServer(server.port);
      break;
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error;
      await pause(50);
    }
  }
  while (!(await system.owner.query('select 1').catch(() => undefined))) await pause(20);
}

/** Kills PostgreSQL as soon as the worker has committed a batch, while no other commit forces the log to the disk. */
async function killBehindACommit(tenant: TenantId, own: readonly Aggregate[]): Promise<void> {
  await system.quiet();
  let isArmed = false;
  let isKilled = false;
  onCommitted = () => {
    // A batch of repeated events commits as well, so only a commit after our own write counts.
    if (!isArmed || isKilled) return;
    isKilled = true;
    kill();
  };
  while (!isKilled) {
    isArmed = false;
    await system.write(tenant, own);
    isArmed = true;
    // If the worker was faster than the answer to our write, the next write is used.
    for (let waited = 0; waited < 500 && !isKilled; waited += 5) await pause(5);
  }
  onCommitted = undefined;
}

/** Writes to one store's aggregates at a steady pace. The outbox shows whether an interrupted COMMIT took effect. */
async function writeOn(tenant: TenantId, own: readonly Aggregate[], isStopping: () => boolean): Promise<void> {
  for (let round = 0; !isStopping(); round++) {
    try {
      await system.write(
        tenant,
        own.filter((_, place) => (place + round) % 3 === 0),
      );
      await pause(2);
    } catch {
      await recount(own, isStopping);
    }
  }
}

/** Repeats the query until it is answered: a version that was counted and not written would look like a lost event. */
async function recount(own: readonly Aggregate[], isStopping: () => boolean): Promise<void> {
  while (!isStopping()) {
    await pause(50);
    try {
      const { rows } = await system.owner.query<{ id: string; version: number }>(
        'select aggregate_id as id, max(aggregate_version) as version from outbox_events where aggregate_id = any($1) group by 1',
        [own.map((aggregate) => aggregate.id)],
      );
      const versions = new Map(rows.map((row) => [row.id, row.version]));
      for (const aggregate of own) aggregate.version = versions.get(aggregate.id) ?? 0;
      return;
    } catch {
      // The server is not running again yet.
    }
  }
}

async function appliedByTheWorker(): Promise<number> {
  const metric = await register.getSingleMetric('inbox_applied_events_total')!.get();
  return metric.values.reduce((sum, { value }) => sum + value, 0);
}

it('loses nothing when PostgreSQL is killed under load, and applies again what the crash has undone', async () => {
  await system.relay().start();
  await system.worker(undefined, { at: (step) => void (step === 'committed' && onCommitted?.()) }).start();
  let isStopping = false;
  const writers = Promise.all(tenants(WRITERS).map((tenant) => writeOn(tenant, aggregates(24), () => isStopping)));
  try {
    for (let nth = 0; nth < CRASHES_IN_FLOW; nth++) {
      await system.flows(FLOWING);
      kill();
      await restart();
    }
    await system.flows(FLOWING);
  } finally {
    isStopping = true;
    await writers;
  }
  const [last] = tenants(1);
  const own = aggregates(24);
  for (let nth = 0; nth < CRASHES_BEHIND_COMMITS; nth++) {
    await killBehindACommit(last!, own);
    await restart();
  }
  await system.quiet();
  const verdict = await system.verdict();
  const redone = (await appliedByTheWorker()) - verdict.effects;
  printFigures(
    `crashes of PostgreSQL ${CRASHES_IN_FLOW + CRASHES_BEHIND_COMMITS}, effects done again ${redone}:`,
    verdict,
  );
  expect(verdict).toMatchObject(CLEAN);
  expect(verdict.events).toBeGreaterThan(1_000);
  expect(redone).toBeGreaterThan(0);
});
