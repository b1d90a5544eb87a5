/**
 * `basecommerce doctor`: prints the state of the whole system, problems first. It exits with 1 when something is red.
 */
import { countTenants } from '#modules/tenancy/operator';
import { columns } from '#platform/command';
import type { Settings } from '#platform/config';
import { sql } from '#platform/database';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { assertMigrated } from '#platform/database/migrate';
import { countFailedEvents, consumerStatus } from '#platform/inbox/operator';
import { relayStatus } from '#platform/outbox/operator';
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

export const DOCTOR_USAGE = `basecommerce doctor [--json]

Shows the state of the whole system, problems first. Exit code 1 when something is red.`;

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
    ['Redis', () => redisPreflight(() => assertStreamSettings(redis))],
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

async function redisPreflight(check: () => Promise<string[]>): Promise<Omit<Finding, 'what'>> {
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
  const leading = (await relayStatus(database)).filter((status) => status.is_alive);
  return leading.length > 0
    ? { light: 'green', says: `led by ${leading.map((status) => status.holder).join(', ')}` }
    : { light: 'red', says: 'no relay holds the lease: events are not published' };
}

async function outbox(database: CrossTenantDatabase): Promise<Omit<Finding, 'what'>> {
  const verticals = await relayStatus(database);
  const waiting = verticals.reduce((sum, status) => sum + status.unpublished, 0);
  const age = Math.round(Math.max(0, ...verticals.map((status) => status.unpublished_age_seconds)));
  return {
    light: age > STALE_OUTBOX_SECONDS ? 'red' : 'green',
    says: `${waiting} waiting, the oldest for ${age} s`,
  };
}

async function engines(database: CrossTenantDatabase): Promise<Omit<Finding, 'what'>> {
  const rows = await consumerStatus(database);
  const orphaned = rows.filter((row) => row.unowned > 0);
  if (rows.length === 0) return { light: 'red', says: 'no worker has ever run' };
  return orphaned.length > 0
    ? {
        light: 'red',
        says: orphaned
          .map((row) => `${row.engine}: ${row.unowned} of ${row.partitions} partitions without a worker`)
          .join('; '),
      }
    : { light: 'green', says: rows.map((row) => `${row.engine} ${row.partitions}/${row.partitions}`).join(', ') };
}

async function failedEvents(database: CrossTenantDatabase): Promise<Omit<Finding, 'what'>> {
  const { dead, retrying } = await countFailedEvents(database);
  const light = dead > 0 ? 'red' : retrying > 0 ? 'amber' : 'green';
  return { light, says: `${dead} dead, ${retrying} being retried` };
}

async function tenants(database: CrossTenantDatabase): Promise<Omit<Finding, 'what'>> {
  const counts = Object.entries(await countTenants(database)).filter(([, count]) => count > 0);
  return { light: 'green', says: counts.map(([state, count]) => `${count} ${state}`).join(', ') || 'none' };
}
