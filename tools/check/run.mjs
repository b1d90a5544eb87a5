/**
 * `npm run check`: runs the checks of continuous integration as named steps. It prints one line per step, and the
 * output of failed steps. `--only NAME` runs one step, `--fix` repairs what a tool can repair.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkNode, generate, install } from '../launch/build.mjs';
import { bold, dim } from '../launch/say.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const isFixing = process.argv.includes('--fix');
const only = process.argv[process.argv.indexOf('--only') + 1];

/** @returns {[program: string, args: string[]]} */
const node = (script, ...args) => [process.execPath, [script, ...args]];
const tool = (name, ...args) => node(`node_modules/${name}`, ...args);

const STEPS = [
  {
    name: 'format',
    command: tool('prettier/bin/prettier.cjs', isFixing ? '--write' : '--check', '--log-level', 'warn', '.'),
  },
  { name: 'types', command: tool('typescript/bin/tsc', '-p', 'tsconfig.json', '--noEmit') },
  { name: 'scripts', command: tool('typescript/bin/tsc', '-p', 'tsconfig.tools.json', '--noEmit') },
  { name: 'lint', command: tool('eslint/bin/eslint.js', '.', ...(isFixing ? ['--fix'] : [])) },
  { name: 'walls', command: node('tools/walls/check.mjs', '--canaries') },
  { name: 'unused', command: tool('knip/bin/knip.js', '--no-progress') },
  { name: 'names', command: node('tools/check/names.mjs') },
  { name: 'words', command: node('tools/check/words.mjs') },
  { name: 'readmes', command: node('tools/check/readmes.mjs') },
  { name: 'fresh', command: node('tools/gen/run.mjs', '--check') },
];

/** Two at a time: the machines this runs on have two cores, and lint and types each fill one. */
const AT_ONCE = 2;

const waiting = process.argv.includes('--only') ? STEPS.filter((step) => step.name === only) : [...STEPS];
if (waiting.length === 0) {
  process.stderr.write(`check: there is no step ${only}; there are ${STEPS.map((step) => step.name).join(', ')}\n`);
  process.exit(2);
}
checkNode();
install();
generate();
const failed = [];
await Promise.all(Array.from({ length: AT_ONCE }, work));
if (failed.length > 0) {
  process.stdout.write(`\n${bold(`check failed: ${failed.join(', ')}`)}\n`);
  process.exit(1);
}
process.stdout.write('every check passed\n');

async function work() {
  for (let step = waiting.shift(); step; step = waiting.shift()) await run(step);
}

function run({ name, command: [program, args] }) {
  const startedAt = performance.now();
  return new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.once('close', (code) => {
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      process.stdout.write(`${code === 0 ? 'ok    ' : 'FAILED'}  ${name.padEnd(8)} ${dim(`${seconds} s`)}\n`);
      if (code !== 0) {
        failed.push(name);
        process.stdout.write(`${output.trim()}\n`);
      }
      resolve();
    });
  });
}
