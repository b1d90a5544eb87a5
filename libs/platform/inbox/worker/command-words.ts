/** The words of `engines run` and `engines replay`, read and refused. A refusal names the flag that was typed and what it takes. */
import { parseArgs } from 'node:util';
import type { EventConsumer } from '../consumer.js';
import type { EnginePass } from '../pass.js';

const OPTIONS = {
  'as-of': { type: 'string' },
  tenant: { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  'force-replay': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const RUN_ONLY = ['as-of', 'dry-run', 'force-replay'] as const;

/** A slug. An id in small letters fits the same pattern. */
const NAME = /^[a-z0-9](-?[a-z0-9])*$/;
/** A date alone would be read as midnight UTC, which is the evening before in most of the Americas. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

export type Work =
  { readonly kind: 'engine'; readonly engine: EventConsumer } | { readonly kind: 'pass'; readonly pass: EnginePass };

export interface WorkNames {
  readonly consumers: readonly EventConsumer[];
  readonly passes: readonly EnginePass[];
}

export interface EngineRequest {
  readonly work: Work;
  readonly asOf: Date | undefined;
  /** As it was typed, slug or id, until the command has looked it up. */
  readonly tenant: string | undefined;
  readonly isDryRun: boolean;
  readonly isJson: boolean;
  readonly isReplayForced: boolean;
}

export type Understood =
  | { readonly kind: 'request'; readonly request: EngineRequest }
  | { readonly kind: 'help' }
  | { readonly kind: 'refused'; readonly reason: string };

/** Reads the words that follow `engines`. */
export function understood(verb: string, args: readonly string[], names: WorkNames): Understood {
  if (verb === '--help' || verb === '-h' || verb === 'help' || args.includes('--help') || args.includes('-h'))
    return { kind: 'help' };
  if (verb === 'work') return refused(`engines work takes no further words; it was given ${args.join(' ')}`);
  if (verb !== 'run' && verb !== 'replay')
    return refused(`engines: there is no command ${verb}; the commands are work, run and replay`);
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    return requestOf(verb, values, positionals, names);
  } catch (error) {
    return refused(
      `engines ${verb}: ${(error as Error).message.split('. ')[0]}; the flags are ${flagsOf(verb).join(', ')}`,
    );
  }
}

function refused(reason: string): Understood {
  return { kind: 'refused', reason };
}

function flagsOf(verb: 'run' | 'replay'): string[] {
  return verb === 'run' ? ['--as-of', '--tenant', '--dry-run', '--json', '--force-replay'] : ['--tenant', '--json'];
}

function requestOf(
  verb: 'run' | 'replay',
  values: { [Name in keyof typeof OPTIONS]?: (typeof OPTIONS)[Name]['type'] extends 'string' ? string : boolean },
  [wanted, ...surplus]: string[],
  names: WorkNames,
): Understood {
  const work = workNamed(verb, wanted, names);
  if (!work)
    return refused(
      `engines ${verb}: ${wanted ? `there is no ${wanted}; ` : ''}name one of ${namesFor(verb, names).join(', ')}`,
    );
  if (surplus.length > 0) return refused(`engines ${verb}: one name is enough; it was also given ${surplus.join(' ')}`);
  const asOf = values['as-of'];
  if (asOf !== undefined && !(INSTANT.test(asOf) && !Number.isNaN(Date.parse(asOf))))
    return refused(
      `engines ${verb}: --as-of ${asOf} is not an instant; write it like 2026-11-30T00:00:00Z or 2026-11-30T00:00:00-03:00`,
    );
  const { tenant } = values;
  if (tenant !== undefined && !NAME.test(tenant))
    return refused(`engines ${verb}: --tenant ${tenant} is neither a slug nor an id; write it like acme`);
  const foreign = verb === 'replay' ? RUN_ONLY.find((name) => values[name]) : undefined;
  if (foreign)
    return refused(`engines replay: --${foreign} does not apply to it; the flags are ${flagsOf('replay').join(', ')}`);
  const request = {
    work,
    asOf: asOf === undefined ? undefined : new Date(asOf),
    tenant,
    isDryRun: values['dry-run'] ?? false,
    isJson: values.json ?? false,
    isReplayForced: values['force-replay'] ?? false,
  };
  return { kind: 'request', request };
}

/**
 * For `run`, a pass has priority over a consumer of the same name: `engines run billing` runs the three passes of billing, and
 * `engines replay billing` rebuilds its tables.
 */
function workNamed(verb: string, wanted: string | undefined, { consumers, passes }: WorkNames): Work | undefined {
  const pass = verb === 'run' ? passes.find(({ name }) => name === wanted) : undefined;
  if (pass) return { kind: 'pass', pass };
  const engine = consumers.find(({ name }) => name === wanted);
  return engine && { kind: 'engine', engine };
}

function namesFor(verb: string, { consumers, passes }: WorkNames): string[] {
  const names = consumers.map(({ name }) => name as string);
  return verb === 'replay' ? names : [...new Set([...names, ...passes.map(({ name }) => name)])];
}

export function usage({ consumers, passes }: WorkNames): string {
  const names = consumers.map(({ name }) => name as string);
  const alone = names.filter((name) => passes.every((pass) => pass.name !== name));
  const lines: [string, string][] = [
    ['work', 'handle events until stopped'],
    [`run <${alone.join(' | ')}>`, 'recompute what depends on the calendar'],
    ...passes.map(({ name, summary }): [string, string] => [`run ${name}`, summary]),
    [`replay <${names.join(' | ')}>`, 'rebuild the engine’s tables from the outbox while events keep flowing'],
  ];
  return `${lines.map(([words, text]) => `engines ${words}\n    ${text}\n`).join('')}
run:     --as-of <instant>  --tenant <slug or id>  --dry-run  --json  --force-replay
replay:  --tenant <slug or id>  --json

Exit code: 0 done, 1 something failed or was parked, 75 busy (run again later), 64 not understood.
`;
}
