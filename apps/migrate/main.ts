/** `npm run db:migrate`: the step between two releases. Images run it before they start anything new. */
import { parseArgs } from 'node:util';
import { starting } from '#platform/boot';
import { bootSettings } from '#platform/config';
import { migrate, type MigrationPlan, migrationsDirectory, planMigrations } from '#platform/database/migrate';

const USAGE = `migrate [options]: brings the database of DATABASE_URL to this release

  --plan  list what would be applied, and what of it the release before cannot live with; change nothing
  --json  with --plan: as JSON
  --help  this text
`;
/** sysexits.h: the command was not understood. */
const EX_USAGE = 64;

const options = understood(process.argv.slice(2));
if (options.help) {
  process.stdout.write(USAGE);
} else {
  const settings = bootSettings('migrate');
  const place = { url: settings.DATABASE_URL, directory: migrationsDirectory() };
  await starting('migrate', async () => {
    if (options.plan) return tell(await planMigrations(place), options.json);
    const applied = await migrate({ ...place, onProgress: say });
    say(applied.length === 0 ? 'nothing to do' : `${applied.length} applied`);
  });
}

function understood(words: string[]): { plan: boolean; json: boolean; help: boolean } {
  const flag = { type: 'boolean', default: false } as const;
  try {
    const { values } = parseArgs({ args: words, options: { plan: flag, json: flag, help: flag } });
    if (values.json && !values.plan) throw new Error('--json belongs to --plan');
    return values;
  } catch (error) {
    process.stderr.write(`migrate: ${(error as Error).message.split('\n')[0]}\n`);
    process.exit(EX_USAGE);
  }
}

function tell({ isFirst, pending }: MigrationPlan, isJson: boolean): void {
  if (isJson) return void process.stdout.write(`${JSON.stringify({ is_first: isFirst, pending })}\n`);
  if (pending.length === 0) return say('nothing to do');
  for (const { name, objections } of pending) {
    // An empty database has no older release that a migration could break.
    const objected = isFirst ? [] : objections;
    say(objected.length === 0 ? `would apply ${name}` : `would apply ${name}, not expand-safe: ${objected.join('; ')}`);
  }
  say(`${pending.length} to apply; nothing was changed`);
}

function say(line: string): void {
  process.stdout.write(`migrate: ${line}\n`);
}
