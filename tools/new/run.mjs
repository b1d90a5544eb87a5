/**
 * `npm run new -- KIND NAME …`: makes a room, or a part of one, in the project's structure. The result passes the check
 * and its own specs. A refusal prints one line, exits with 2, and writes nothing.
 */
import { checkNode, install } from '../launch/build.mjs';
import { Refusal } from '../launch/say.mjs';

// The code below needs packages, which a fresh clone does not have yet.
checkNode();
install();
const { engine } = await import('./kinds/engine.mjs');
const { event } = await import('./kinds/event.mjs');
const { module } = await import('./kinds/module.mjs');
const { usecase } = await import('./kinds/usecase.mjs');
const { vertical } = await import('./kinds/vertical.mjs');
const { Plan } = await import('./plan.mjs');

/** Each has `usage` for people, and `plan(plan, ...words)`, which returns the steps that are left. */
const KINDS = { module, usecase, event, engine, vertical };

const USAGE = `npm run new -- KIND NAME … [--dry-run]\n${Object.values(KINDS)
  .map(({ usage }) => `  ${usage}\n`)
  .join('')}`;

try {
  const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
  const flags = process.argv.slice(2).filter((word) => word.startsWith('--'));
  if (flags.includes('--help')) process.stdout.write(USAGE);
  else await generate(words, flags);
} catch (error) {
  process.stderr.write(error instanceof Refusal ? `new: ${error.message}\n` : `${error?.stack ?? error}\n`);
  process.exitCode = error instanceof Refusal ? 2 : 1;
}

async function generate([name = '', ...words], flags) {
  const unknown = flags.find((flag) => flag !== '--dry-run');
  if (unknown) throw new Refusal(`there is no option ${unknown}; there is --dry-run`);
  const kinds = Object.keys(KINDS).join(', ');
  if (!Object.hasOwn(KINDS, name ?? ''))
    throw new Refusal(name ? `there is no kind ${name}; there are ${kinds}` : `say what: ${kinds}, or --help`);
  const kind = KINDS[name];
  if (words.length < kind.words[0] || words.length > kind.words[1]) throw new Refusal(`the words are: ${kind.usage}`);

  const plan = new Plan();
  const steps = kind.plan(plan, ...words);
  const isDry = flags.includes('--dry-run');
  if (!isDry) await plan.write();
  for (const line of plan.lines()) process.stdout.write(`${isDry ? 'would ' : ''}${line}\n`);
  process.stdout.write(`\nThen:\n${steps.map((step, index) => `  ${index + 1}. ${step}\n`).join('')}`);
}
