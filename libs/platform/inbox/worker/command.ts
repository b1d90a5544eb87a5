/**
 * `engines run <engine>` and `engines replay <engine>`: one-shot work for cron and operators. Exit code 0 when all of it
 * was done, 1 when some of it failed, 64 when the command was not understood.
 */
import { parseArgs } from 'node:util';
import { isUuid } from '#kernel';
import type { Settings } from '#platform/config';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { assertMigrated } from '#platform/database/migrate';
import type { EngineConsumer } from '../consumer.js';
import { replay } from './replay.js';
import { runPass } from './run-pass.js';

const EX_USAGE = 64;
/** One-shot work has no one waiting for an answer; its statements go through whole tenants. */
const STATEMENT_TIMEOUT_MS = 600_000;

const OPTIONS = {
  'as-of': { type: 'string' },
  tenant: { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

export async function engineCommand(
  verb: string,
  args: readonly string[],
  engines: readonly EngineConsumer[],
  settings: Settings,
): Promise<number> {
  const request = understand(verb, args, engines);
  if (typeof request === 'string') {
    process.stderr.write(`${request}\n\n${usage(engines)}`);
    return EX_USAGE;
  }
  if (request.isHelp) {
    process.stdout.write(usage(engines));
    return 0;
  }
  const database = new CrossTenantDatabase({
    url: settings.DATABASE_URL,
    role: 'basecommerce_engines',
    application: `engines ${verb}`,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    maxConnections: 3,
  });
  try {
    await assertMigrated(database.pool);
    return await (verb === 'run' ? run(database, request) : rebuild(database, request));
  } finally {
    await database.close();
  }
}

interface EngineRequest {
  readonly engine: EngineConsumer;
  readonly asOf: Date | undefined;
  readonly tenant: string | undefined;
  readonly isDryRun: boolean;
  readonly isJson: boolean;
  readonly isHelp: boolean;
}

function understand(verb: string, args: readonly string[], engines: readonly EngineConsumer[]): EngineRequest | string {
  if (verb !== 'run' && verb !== 'replay' && verb !== '--help')
    return `engines: there is no command ${JSON.stringify(verb)}`;
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(verb === '--help' ? ['--help'] : args);
  } catch (error) {
    return `engines ${verb}: ${(error as Error).message}`;
  }
  const { values, positionals } = parsed;
  const engine = engines.find(({ name }) => name === positionals[0]);
  if (!engine && !values.help) return `engines ${verb}: name one of ${engines.map(({ name }) => name).join(', ')}`;
  const asOf = values['as-of'] === undefined ? undefined : new Date(values['as-of']);
  if (asOf && Number.isNaN(asOf.getTime()))
    return `engines ${verb}: --as-of must be an instant such as 2026-11-30T00:00:00Z`;
  if (values.tenant !== undefined && !isUuid(values.tenant)) return `engines ${verb}: --tenant must be a tenant’s id`;
  if (verb === 'replay' && (asOf || values['dry-run']))
    return 'engines replay: --as-of and --dry-run do not apply to it';
  return {
    engine: engine ?? engines[0]!,
    asOf,
    tenant: values.tenant,
    isDryRun: values['dry-run'],
    isJson: values.json,
    isHelp: values.help,
  };
}

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
}

async function run(database: CrossTenantDatabase, request: EngineRequest): Promise<number> {
  const { engine, tenant, asOf, isDryRun } = request;
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

async function rebuild(database: CrossTenantDatabase, request: EngineRequest): Promise<number> {
  for await (const { tenant, events, lockedMs } of replay(database, request.engine, request.tenant)) {
    say(request, { tenant, events, locked_ms: lockedMs });
  }
  return 0;
}

function say({ isJson }: EngineRequest, facts: Record<string, unknown>): void {
  const text = isJson
    ? JSON.stringify(facts)
    : Object.entries(facts)
        .map(([name, value]) => `${name} ${String(value)}`)
        .join('  ');
  process.stdout.write(`${text}\n`);
}

function usage(engines: readonly EngineConsumer[]): string {
  const names = engines.map(({ name }) => name).join(' | ');
  return `engines work                       handle events until told to stop
engines run <${names}>        recompute what depends on the calendar
    --as-of <instant>  --tenant <id>  --dry-run  --json
engines replay <${names}>     rebuild the engine’s tables from the outbox while events keep flowing
    --tenant <id>  --json
`;
}
