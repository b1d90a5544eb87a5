/**
 * `basecommerce backup store`, `restore compare` and `restore store`: they export one store to a file, compare and
 * restore it.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { EVENT_CONTRACTS } from '#contracts/event-contracts';
import type { Problem } from '#contracts/problem';
import { SUBSCRIPTIONS } from '#contracts/rooms';
import { DomainError } from '#kernel';
import { compareWithArchive, exportStore, restoreStore, type TableComparison } from '#platform/backup';
import { columns, printedProblem } from '#platform/command';
import type { Settings } from '#platform/config';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { assertMigrated } from '#platform/database/migrate';
import { type Answer, personAtTheKeyboard } from '../operate.js';
import { EXIT } from '../exit.js';

type Command = 'backup store' | 'restore compare' | 'restore store';

/** Runs one of the other commands, as the same person. */
export type Request = (words: string[], settings: Settings) => Promise<Answer>;

const USAGE: Readonly<Record<Command, string>> = {
  'backup store': `basecommerce backup store <store> --to <file>

Writes every row of the store, all of the same instant, into one file; secrets of people are left out.

  --to <file>        required; is replaced when everything has been written
  --key-file <file>  encrypts the archive with what this file holds
  --json             the answer as JSON`,
  'restore compare': `basecommerce restore compare <store> --from <file>

Copies the archive beside the store and counts, table by table, what differs. Changes nothing.

  --from <file>      required
  --key-file <file>  the key of an encrypted archive
  --json             the answer as JSON`,
  'restore store': `basecommerce restore store <store> --from <file> --reason <text>

Copies the archive beside the store, stops the store’s writes, shows what differs, and sets the store back in one transaction.
Other stores, people and their passwords, and everything that was used, invoiced and paid stay as they are.

  --from <file>      required
  --reason <text>    required; why, kept in the audit
  --key-file <file>  the key of an encrypted archive
  --json             the answer as JSON
  --dry-run          do everything, then roll it back; the store goes on writing`,
};

const STATEMENT_TIMEOUT_MS = 3_600_000;

export async function storeCommand(words: string[], boot: () => Settings, request: Request): Promise<number> {
  const understood = understand(words);
  if (typeof understood === 'string') {
    process.stderr.write(`${understood}\nbasecommerce --help lists the commands.\n`);
    return EXIT.usage;
  }
  if (understood.isHelp) {
    process.stdout.write(`${USAGE[understood.command]}\n`);
    return EXIT.done;
  }
  const settings = boot();
  const database = new CrossTenantDatabase({
    url: settings.DATABASE_URL,
    role: 'basecommerce_operator',
    application: `basecommerce ${understood.command}`,
    maxConnections: 2,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  });
  try {
    await assertMigrated(database.pool);
    say(understood, await perform(understood, database, (line) => request(line, settings)));
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const details = Object.entries(error.extras.details ?? {}).map(([name, value]) => `${name} ${String(value)}`);
    process.stderr.write(`${[`${error.code}: ${error.message}`, ...details].join(' ')}\n`);
    return error.kind === 'internal' || error.kind === 'unavailable' ? EXIT.failed : EXIT.refused;
  } finally {
    await database.close();
  }
}

interface Understood {
  readonly command: Command;
  readonly isHelp: boolean;
  readonly store: string;
  readonly file: string;
  readonly reason: string;
  readonly keyFile: string | undefined;
  readonly isJson: boolean;
  readonly isDryRun: boolean;
}

function understand(words: string[]): Understood | string {
  const command = words.slice(0, 2).join(' ');
  if (command === 'backup --help' || command === 'backup') return help('backup store');
  if (command === 'restore --help' || command === 'restore') return help('restore store');
  if (!(command in USAGE)) return `unknown_command: There is no such command. ${command}`;
  const known = command as Command;
  let parsed;
  try {
    parsed = parseArgs({
      args: words.slice(2),
      allowPositionals: true,
      options: {
        [known === 'backup store' ? 'to' : 'from']: { type: 'string' },
        'key-file': { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        ...(known === 'restore store'
          ? { reason: { type: 'string' as const }, 'dry-run': { type: 'boolean' as const } }
          : {}),
      },
    });
  } catch (error) {
    return `unknown_flag: ${(error as Error).message}`;
  }
  const values = parsed.values as Record<string, string | boolean | undefined>;
  if (values['help']) return help(known);
  const store = parsed.positionals[0];
  const file = values['to'] ?? values['from'];
  const missing = [
    [store, '<store>'],
    [file, known === 'backup store' ? '--to' : '--from'],
    [known === 'restore store' ? values['reason'] : 'none', '--reason'],
  ].find(([value]) => !value);
  if (missing) return `missing_argument: ${String(missing[1])} is missing.`;
  return {
    command: known,
    isHelp: false,
    store: store!,
    file: String(file),
    reason: String(values['reason'] ?? ''),
    keyFile: values['key-file'] as string | undefined,
    isJson: values['json'] === true,
    isDryRun: values['dry-run'] === true,
  };
}

function help(command: Command): Understood {
  const nothing = { store: '', file: '', reason: '', keyFile: undefined, isJson: false, isDryRun: false };
  return { command, isHelp: true, ...nothing };
}

async function perform(
  { command, store, file, keyFile, reason, isDryRun }: Understood,
  database: CrossTenantDatabase,
  request: (words: string[]) => Promise<Answer>,
): Promise<object> {
  const common = { store, file, key: keyIn(keyFile), onTable: progress };
  if (command === 'backup store') {
    const { header, tables } = await exportStore(database, common);
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    return { store: header.slug, taken_at: header.taken_at, rows, file, tables };
  }
  if (command === 'restore compare') {
    const { header, comparison } = await compareWithArchive(database, common);
    return { store: header.slug, taken_at: header.taken_at, tables: comparison };
  }
  const move = async (verb: string) => {
    const { status, body } = await request(['tenants', verb, store, '--reason', `restore: ${reason}`]);
    if (status >= 400) throw new DomainError('restore_stopped', 'conflict', printedProblem(body as Problem));
  };
  const { header, written, repeated, suspendedMs } = await restoreStore(database, common, {
    actor: personAtTheKeyboard(),
    reason,
    events: {
      aggregates: [...new Set(EVENT_CONTRACTS.map(({ aggregate }) => aggregate))],
      subscriptions: SUBSCRIPTIONS,
    },
    isDryRun,
    onComparison: (comparison) => process.stderr.write(`${comparisonText(comparison)}\n`),
    suspend: () => move('suspend'),
    reactivate: () => move('reactivate'),
  });
  if (isDryRun) process.stderr.write('dry run: this is what would be; nothing was kept\n');
  const suspended = isDryRun ? 0 : Math.round(suspendedMs / 1_000);
  return {
    store: header.slug,
    set_back_to: header.taken_at,
    rows: written,
    events_repeated: repeated,
    seconds_without_writes: suspended,
  };
}

function keyIn(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  let key: string;
  try {
    key = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new DomainError('key_unreadable', 'invalid', `The key file cannot be read: ${(error as Error).message}`);
  }
  if (key.length < SHORTEST_KEY)
    throw new DomainError('key_too_short', 'invalid', `The key file holds fewer than ${SHORTEST_KEY} characters.`);
  return key;
}

const SHORTEST_KEY = 24;

function progress(table: string, rows: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${table} ${rows}\u001b[K`);
}

function say({ isJson }: Understood, answer: object): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  if (isJson) return void process.stdout.write(`${JSON.stringify(answer)}\n`);
  const { tables, ...facts } = answer as { tables?: readonly object[] } & Record<string, unknown>;
  const lines = Object.entries(facts).map(([name, value]) => [name, String(value)]);
  process.stdout.write(`${columns(lines)}\n`);
  if (tables && tables.length > 0) process.stdout.write(`\n${comparisonText(tables)}\n`);
}

/** Tables with differences; for an archive, tables with rows. */
function comparisonText(tables: readonly (TableComparison | object)[]): string {
  const shown = tables.filter((table) =>
    'same' in table
      ? table.different + table.only_in_store + table.only_in_archive > 0
      : 'rows' in table && table.rows !== 0,
  );
  if (shown.length === 0) return 'nothing differs';
  const names = Object.keys(shown[0]!);
  return columns([
    names,
    ...shown.map((table) => names.map((name) => String((table as Record<string, unknown>)[name]))),
  ]);
}
