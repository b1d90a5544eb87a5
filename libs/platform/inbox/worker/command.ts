/**
 * `engines run <engine | pass>` and `engines replay <engine>`: one-shot work for cron and operators. Exit code 0: everything
 * was done. 1: a part failed. 75: another process works on a part of it, run again later. 64: the command was not understood.
 */
import { parseArgs } from 'node:util';
import { DomainError, isUuid } from '#kernel';
import type { Settings } from '#platform/config';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { assertMigrated } from '#platform/database/migrate';
import type { EventConsumer } from '../consumer.js';
import type { EnginePass } from '../pass.js';
import { replay } from './replay.js';
import { runPass } from './run-pass.js';

/** Of sysexits.h. */
const EX_USAGE = 64;
const EX_TEMPFAIL = 75;
/** A pass works on four tenants at a time, and records parked tenants on other connections. */
const CONNECTIONS = 6;
/** No person waits for one-shot work, and its statements read whole tenants. */
const STATEMENT_TIMEOUT_MS = 600_000;

const OPTIONS = {
  'as-of': { type: 'string' },
  tenant: { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  'force-replay': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

export async function engineCommand(
  verb: string,
  args: readonly string[],
  engines: readonly EventConsumer[],
  passes: readonly EnginePass[],
  settings: Settings,
): Promise<number> {
  const request = understand(verb, args, engines, passes);
  if (typeof request === 'string') {
    process.stderr.write(`${request}\n\n${usage(engines, passes)}`);
    return EX_USAGE;
  }
  if (request.isHelp) {
    process.stdout.write(usage(engines, passes));
    return 0;
  }
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
    const { work } = request;
    if (work.kind === 'pass') return await pass(database, settings, work.pass, request);
    return await (verb === 'run' ? run(database, work.engine, request) : rebuild(database, work.engine, request));
  } catch (error) {
    if (!(error instanceof DomainError) || error.kind !== 'invalid') throw error;
    const details = Object.entries(error.extras.details ?? {}).map(([name, value]) => `${name} ${String(value)}`);
    process.stderr.write(`engines ${verb}: ${error.message} ${details.join(', ')}\n`);
    return EX_USAGE;
  } finally {
    await database.close();
  }
}

type Work =
  { readonly kind: 'engine'; readonly engine: EventConsumer } | { readonly kind: 'pass'; readonly pass: EnginePass };

interface EngineRequest {
  readonly work: Work;
  readonly asOf: Date | undefined;
  readonly tenant: string | undefined;
  readonly isDryRun: boolean;
  readonly isJson: boolean;
  readonly isReplayForced: boolean;
  readonly isHelp: boolean;
}

function understand(
  verb: string,
  args: readonly string[],
  engines: readonly EventConsumer[],
  passes: readonly EnginePass[],
): EngineRequest | string {
  if (verb !== 'run' && verb !== 'replay' && verb !== '--help')
    return `engines: there is no command ${JSON.stringify(verb)}`;
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(verb === '--help' ? ['--help'] : args);
  } catch (error) {
    return `engines ${verb}: ${(error as Error).message}`;
  }
  const { values, positionals } = parsed;
  const work = workNamed(verb, positionals[0], engines, passes);
  if (!work && !values.help) return `engines ${verb}: name one of ${namesFor(verb, engines, passes).join(', ')}`;
  const asOf = values['as-of'] === undefined ? undefined : new Date(values['as-of']);
  if (asOf && Number.isNaN(asOf.getTime()))
    return `engines ${verb}: --as-of must be an instant such as 2026-11-30T00:00:00Z`;
  if (values.tenant !== undefined && !isUuid(values.tenant)) return `engines ${verb}: --tenant must be a tenant’s id`;
  if (verb === 'replay' && (asOf || values['dry-run']))
    return 'engines replay: --as-of and --dry-run do not apply to it';
  return {
    work: work ?? { kind: 'engine', engine: engines[0]! },
    asOf,
    tenant: values.tenant,
    isDryRun: values['dry-run'],
    isJson: values.json,
    isReplayForced: values['force-replay'],
    isHelp: values.help,
  };
}

/**
 * For `run`, a pass has priority over a consumer of the same name: `engines run billing` runs the three passes of billing, and
 * `engines replay billing` rebuilds its tables.
 */
function workNamed(
  verb: string,
  wanted: string | undefined,
  engines: readonly EventConsumer[],
  passes: readonly EnginePass[],
): Work | undefined {
  const pass = verb === 'run' ? passes.find(({ name }) => name === wanted) : undefined;
  if (pass) return { kind: 'pass', pass };
  const engine = engines.find(({ name }) => name === wanted);
  return engine && { kind: 'engine', engine };
}

function namesFor(verb: string, engines: readonly EventConsumer[], passes: readonly EnginePass[]): string[] {
  const names = engines.map(({ name }) => name as string);
  return verb === 'replay' ? names : [...new Set([...names, ...passes.map(({ name }) => name)])];
}

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
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

function usage(engines: readonly EventConsumer[], passes: readonly EnginePass[]): string {
  const names = engines.map(({ name }) => name as string);
  const alone = names.filter((name) => passes.every((pass) => pass.name !== name));
  const lines: [string, string][] = [
    ['work', 'handle events until told to stop'],
    [`run <${alone.join(' | ')}>`, 'recompute what depends on the calendar'],
    ...passes.map(({ name, summary }): [string, string] => [`run ${name}`, summary]),
    [`replay <${names.join(' | ')}>`, 'rebuild the engine’s tables from the outbox while events keep flowing'],
  ];
  return `${lines.map(([words, text]) => `engines ${words}\n    ${text}\n`).join('')}
run:     --as-of <instant>  --tenant <id>  --dry-run  --json  --force-replay
replay:  --tenant <id>  --json

Exit code: 0 done, 1 something failed or was parked, 75 busy (run again later), 64 not understood.
`;
}
