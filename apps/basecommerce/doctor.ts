/** `basecommerce doctor`: the whole system at a glance, red things first. Exit 1 when something is red. */
import type { Settings } from '#platform/config';
import { columns } from '#platform/command';
import { type Row, sql } from '#platform/database';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { assertMigrated } from '#platform/database/migrate';
import { recoveryStatus } from '#platform/recovery';
import { assertStreamSettings, connectRedis } from '#platform/streams';

type Light = 'red' | 'amber' | 'green';

interface Finding {
  readonly light: Light;
  readonly what: string;
  readonly says: string;
}

const OLDEST_POSTGRES = 15;
const CLOCK_TOLERANCE_MS = 2_000;
const STALE_OUTBOX_SECONDS = 60;

export async function doctor(settings: Settings, isJson: boolean): Promise<number> {
  const database = new CrossTenantDatabase({
    url: settings.DATABASE_URL,
    role: 'basecommerce_operator',
    application: 'doctor',
    maxConnections: 2,
  });
  const redis = connectRedis({ url: settings.REDIS_URL, name: 'doctor' });
  const examinations: readonly [what: string, look: () => Promise<Omit<Finding, 'what'>>][] = [
    ['Node', async () => ({ light: 'green', says: process.versions.node })],
    ['PostgreSQL', () => postgres(database)],
    ['row security', () => confinement(database)],
    ['migrations', () => migrations(database)],
    ['clocks', () => clocks(database)],
    ['Redis', () => redisFitness(() => assertStreamSettings(redis))],
    ['recovery', () => recovery(database)],
    ['relay', () => relay(database)],
    ['outbox', () => outbox(database)],
    ['engines', () => engines(database)],
    ['failed events', () => failedEvents(database)],
    ['tenants', () => tenants(database)],
  ];
  const findings: Finding[] = [];
  for (const [what, look] of examinations) {
    findings.push({
      what,
      ...(await look().catch((error: Error) => ({ light: 'red' as const, says: error.message }))),
    });
  }
  await database.close();
  redis.disconnect();
  const order: Light[] = ['red', 'amber', 'green'];
  findings.sort((a, b) => order.indexOf(a.light) - order.indexOf(b.light));
  process.stdout.write(
    `${isJson ? JSON.stringify(findings) : columns(findings.map((finding) => [finding.light, finding.what, finding.says]))}\n`,
  );
  return findings.some((finding) => finding.light === 'red') ? 1 : 0;
}

async function postgres(database: CrossTenantDatabase): Promise<Omit<Finding, 'what'>> {
  const row = await database.first(sql<{ version: string; number: number }>`
    select current_setting('server_version') as version, current_setting('server_version_num')::int / 10000 as number`);
  const isOld = row!.number < OLDEST_POSTGRES;
  return {
    light: isOld ? 'red' : 'green',
    says: isOld ? `${row!.version}; ${OLDEST_POSTGRES} or newer is needed` : row!.version,
  };
}

async function confinement(database: CrossTenantDatabase): Promise<Omit<Finding, 'what'>> {
  await database.query(sql`select app.assert_confined()`);
  return { light: 'green', says: 'roles own nothing and bypass nothing' };
}

async function migrations(database: CrossTenantDatabase): Promise<Omit<Finding, 'what'>> {
  const { unknown } = await assertMigrated(database.pool);
  return unknown.length > 0
    ? { light: 'amber', says: `a newer release has migrated: ${unknown.join(', ')}` }
    : { light: 'green', says: 'all applied' };
}

async function clocks(database: CrossTenantDatabase): Promise<Omit<Finding, 'what'>> {
  const row = await database.first(sql<{ now: Date }>`select clock_timestamp() as now`);
  const apart = Math.abs(Date.now() - row!.now.getTime());
  return {
    light: apart > CLOCK_TOLERANCE_MS ? 'amber' : 'green',
    says: `${apart} ms between this machine and the database`,
  };
}

async function redisFitness(check: () => Promise<string[]>): Promise<Omit<Finding, 'what'>> {
  const warnings = await check();
  return warnings.length > 0
    ? { light: 'amber', says: warnings.join('; ') }
    : { light: 'green', says: 'fit for streams' };
}

async function recovery(database: CrossTenantDatabase): Promise<Omit<Finding, 'what'>> {
  const { epoch, fenced_because: because, waiting } = await recoveryStatus(database);
  return because === null
    ? { light: 'green', says: `epoch ${epoch}` }
    : { light: 'red', says: `fenced, ${waiting} events wait: ${because} (recovery status, recovery confirm)` };
}

async function relay(database: CrossTenantDatabase): Promise<Omit<Finding, 'what'>> {
  const row = await database.first(sql<Row<'relay_leases', 'holder'> & { is_alive: boolean }>`
    select holder, expires_at > clock_timestamp() as is_alive from relay_leases order by epoch desc limit 1`);
  return row?.is_alive
    ? { light: 'green', says: `led by ${row.holder}` }
    : { light: 'red', says: 'no relay holds the lease: events are not published' };
}

async function outbox(database: CrossTenantDatabase): Promise<Omit<Finding, 'what'>> {
  const row = await database.first(sql<{ waiting: number; age: number | null }>`
    select count(*)::int as waiting, extract(epoch from clock_timestamp() - min(to_timestamp(('x' || substr(replace(o.id::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0)))::int as age
      from outbox_events o, relay_positions p
     where o.xid >= pg_snapshot_xmin(p.published) and not pg_visible_in_snapshot(o.xid, p.published)`);
  const age = row?.age ?? 0;
  return {
    light: age > STALE_OUTBOX_SECONDS ? 'red' : 'green',
    says: `${row?.waiting ?? 0} waiting, the oldest for ${age} s`,
  };
}

async function engines(database: CrossTenantDatabase): Promise<Omit<Finding, 'what'>> {
  const rows = await database.query(sql<Row<'consumer_leases', 'engine'> & { held: number; partitions: number }>`
    select engine, count(*) filter (where expires_at > clock_timestamp())::int as held, count(*)::int as partitions
      from consumer_leases group by engine order by engine`);
  const orphaned = rows.filter((row) => row.held < row.partitions);
  if (rows.length === 0) return { light: 'red', says: 'no worker has ever run' };
  return orphaned.length > 0
    ? {
        light: 'red',
        says: orphaned
          .map((row) => `${row.engine}: ${row.partitions - row.held} of ${row.partitions} partitions without a worker`)
          .join('; '),
      }
    : { light: 'green', says: rows.map((row) => `${row.engine} ${row.held}/${row.partitions}`).join(', ') };
}

async function failedEvents(database: CrossTenantDatabase): Promise<Omit<Finding, 'what'>> {
  const row = await database.first(sql<{ dead: number; retrying: number }>`
    select count(*) filter (where state = 'dead')::int as dead, count(*) filter (where state = 'retrying')::int as retrying from failed_events`);
  const light = row!.dead > 0 ? 'red' : row!.retrying > 0 ? 'amber' : 'green';
  return { light, says: `${row!.dead} dead, ${row!.retrying} being retried` };
}

async function tenants(database: CrossTenantDatabase): Promise<Omit<Finding, 'what'>> {
  const rows = await database.query(
    sql<
      Row<'tenants', 'state'> & { count: number }
    >`select state, count(*)::int as count from tenants group by state order by state`,
  );
  return { light: 'green', says: rows.map((row) => `${row.count} ${row.state}`).join(', ') || 'none' };
}
