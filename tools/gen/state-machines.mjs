/** docs/reference/state-machines.md: every table of transitions in the code, drawn as a Mermaid diagram. */
// @ts-check
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const target = path.join(root, 'docs/reference/state-machines.md');
const isChecking = process.argv.includes('--check');

const { StateMachine } = await import(pathToFileURL(path.join(root, 'dist/libs/kernel/index.js')).href);

/** @type {{ name: string, source: string, transitions: Record<string, readonly string[]> }[]} */
const machines = [];
const sources = readdirSync(path.join(root, 'libs'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
  .map((file) => `libs/${file}`)
  .filter((file) => readFileSync(path.join(root, file), 'utf8').includes('new StateMachine'))
  .sort();
for (const source of sources) {
  const built = await import(pathToFileURL(path.join(root, 'dist', source.replace(/\.ts$/, '.js'))).href);
  const found = Object.values(built).filter((value) => value instanceof StateMachine);
  if (found.length === 0) throw new Error(`${source} makes a state machine and does not export it`);
  for (const { name, transitions } of found) machines.push({ name, source, transitions });
}

const content = `# State machines

Made from the tables that the code enforces. A transition that is not drawn is refused with \`invalid_transition\` (409).
A state with an arrow to the end mark has no transition that leaves it.

${machines.map(section).join('\n')}`;

if (!existsSync(target) || readFileSync(target, 'utf8') !== content) {
  if (isChecking) {
    process.stdout.write('docs/reference/state-machines.md not fresh; run npm run gen\n');
    process.exit(1);
  }
  writeFileSync(target, content);
}

/** @param {{ name: string, source: string, transitions: Record<string, readonly string[]> }} machine */
function section({ name, source, transitions }) {
  const arrows = Object.entries(transitions).flatMap(([from, to]) =>
    (to.length > 0 ? to : ['[*]']).map((next) => `  ${from} --> ${next}`),
  );
  return `## ${name}

[\`${path.basename(source)}\`](../../${source})

\`\`\`mermaid
stateDiagram-v2
${arrows.join('\n')}
\`\`\`
`;
}
