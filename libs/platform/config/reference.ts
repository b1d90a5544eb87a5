/** The page of all settings, made from the schema that reads them. */
import { NEEDS, schema } from './settings.js';

/** A Markdown page with one row per setting: what it means, its default, and which processes do not start without it. */
export function settingsMarkdown(): string {
  const rows = Object.entries(schema.shape).map(([name, setting]) => {
    const byDefault = setting.safeParse(undefined);
    const value = byDefault.success && byDefault.data !== undefined ? `\`${String(byDefault.data)}\`` : '';
    return `| \`${name}\` | ${setting.meta()?.description ?? ''} | ${value} | ${processesThatNeed(name)} |`;
  });
  return `# Configuration

Made from [the schema](../../libs/platform/config/settings.ts) that every process reads at its start.

The environment has priority, then \`.env\` (in development only), then the default. A value that cannot be right stops the
process at once, with one line that names the variable. Values never appear in a message.

| Variable | Meaning | Default | Required by |
|---|---|---|---|
${rows.join('\n')}

Two more variables belong to \`npm start\`: \`BASECOMMERCE_DATA\` moves its data from \`.data/\`, and \`BASECOMMERCE_CACHE\` the
servers that it fetched once.
`;
}

function processesThatNeed(name: string): string {
  const processes = Object.keys(NEEDS).filter((process) =>
    (NEEDS[process as keyof typeof NEEDS] as readonly string[]).includes(name),
  );
  return processes.length === Object.keys(NEEDS).length ? 'every process' : processes.join(', ');
}
