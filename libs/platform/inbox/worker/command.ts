/**
 * `engines run <engine | pass>` and `engines replay <engine>`: one-shot work for cron and operators. Exit code 0: everything
 * was done. 1: a part failed. 75: another process works on a part of it, run again later. 64: the command was not understood.
 * The words are read in command-words.ts.
 */
import { DomainError } from '#kernel';
import type { Settings } from '#platform/config';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { assertMigrated } from '#platform/database/migrate';
import type { EventConsumer } from '../consumer.js';
import type { EnginePass } from '../pass.js';
import { type EngineRequest, understood, usage, type WorkNames } from './command-words.js';
import { replay } from './replay.js';
import { runPass } from './run-pass.js';

/** Of sysexits.h. */
const EX_USAGE = 64;
const EX_TEMPFAIL = 75;
/** A pass works on four tenants at a time, and records parked tenants on other connections. */
const CONNECTIONS = 6;
/** No person waits for one-shot work, and its statements read whole tenants. */
const STATEMENT_TIMEOUT_MS = 600_000;

/** What the process that was started can do, and how it finds what the command names. */
export interface EngineWork extends WorkNames {
  /** A tenant's id by its slug or id. Throws `tenant_not_found`. */
  tenantNamed(databaseUrl: string, name: string): Promise<string>;
  /** Reads the settings, or ends the process in words. Not called for help or for words that were not understood. */
  boot(): Settings;
}

/** Returns the exit code. */
export async function engineCommand(verb: string, args: readonly string[], work: EngineWork): Promise<number> {
  const words = understood(verb, args, work);
  if (words.kind === 'refused') {
    process.stderr.write(`${words.reason}\n\n${usage(work)}`);
    return EX_USAGE;
  }
  if (words.kind === 'help') {
    process.stdout.write(usage(work));
    return 0;
  }
  const { request } = words;
  const settings = work.boot();
  const database = new CrossTenantDatabase({
    url: settings.DATABASE_URL,
    role: 'basecommerce_engines',
    application: `engines ${verb}`,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    maxConnections: CONNECTIONS,
    readsByKey: request.work.kind === 'pass',
  });
  try {
    await assertMigrated(database.pool);
    await database.assertConfined();
    const tenant = request.tenant && (await work.tenantNamed(settings.DATABASE_URL, request.tenant));
    return await perform(database, settings, verb, { ...request, tenant });
  } catch (error) {
    if (!(error instanceof DomainError) || !['invalid', 'not_found'].includes(error.kind)) throw error;
    const details = Object.entries(error.extras.details ?? {}).map(([name, value]) => `${name} ${String(value)}`);
    const named = error.code === 'tenant_not_found' ? [`--tenant ${request.tenant}`] : [];
    process.stderr.write(`engines ${verb}: ${[error.message, ...named, ...details].join(' ')}\n`);
    return EX_USAGE;
  } finally {
    await database.close();
  }
}

function perform(
  database: CrossTenantDatabase,
  settings: Settings,
  verb: string,
  request: EngineRequest,
): Promise<number> {
  const { work } = request;
  if (work.kind === 'pass') return pass(database, settings, work.pass, request);
  return verb === 'run' ? run(database, work.engine, request) : rebuild(database, work.engine, request);
}

async function pass(
  database: CrossTenantDatabase,
  settings: Settings,
  { run: runOf }: EnginePass,
  request: EngineRequest,
): Promise<number> {
  let [busy, failed] = [0, 0];
  for await (const event of runOf({ ...request, database, settings })) {
    switch (event.kind) {
      case 'tenant':
        say(request, { tenant: event.tenant, ...event.facts });
        break;
      case 'busy':
        busy += 1;
        say(request, { tenant: event.tenant, busy: true });
        break;
      case 'parked':
        failed += 1;
        say(request, { tenant: event.tenant, parked: true, reason: event.reason });
        break;
      case 'failed':
        failed += 1;
        say(request, event.facts);
        break;
      case 'progress':
        if (process.stderr.isTTY) process.stderr.write(`\r${event.done} of ${event.total} tenants\u001b[K`);
        break;
      case 'done':
        if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
        say(request, event.facts);
    }
  }
  return failed > 0 ? 1 : busy > 0 ? EX_TEMPFAIL : 0;
}

async function run(database: CrossTenantDatabase, engine: EventConsumer, request: EngineRequest): Promise<number> {
  const { tenant, asOf, isDryRun } = request;
  let failed = 0;
  for await (const result of runPass(database, engine, {
    isDryRun,
    ...(tenant ? { tenant } : {}),
    ...(asOf ? { asOf } : {}),
  })) {
    if ('error' in result) {
      failed += 1;
      say(request, {
        tenant: result.tenant,
        error: result.error instanceof Error ? result.error.message : String(result.error),
      });
    } else {
      say(request, { tenant: result.tenant, ...result.outcome, dry_run: isDryRun });
    }
  }
  return failed === 0 ? 0 : 1;
}

async function rebuild(database: CrossTenantDatabase, engine: EventConsumer, request: EngineRequest): Promise<number> {
  for await (const { tenant, events, lockedMs } of replay(database, engine, request.tenant)) {
    say(request, { tenant, events, locked_ms: lockedMs });
  }
  return 0;
}

function say({ isJson }: EngineRequest, facts: Record<string, unknown>): void {
  const text = isJson
    ? JSON.stringify(facts)
    : Object.entries(facts)
        .filter(([, value]) => value !== null)
        .map(([name, value]) => `${name} ${String(value)}`)
        .join('  ');
  process.stdout.write(`${text}\n`);
}
