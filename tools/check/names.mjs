/**
 * Names and places: no junk drawers, only the permitted doors, no registry hosts or paths of a machine, existing
 * targets of links, and existing commands in the README.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnSync } from 'node:child_process';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const listed = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
});
const files = listed.stdout.split('\n').filter((file) => file && existsSync(path.join(root, file)));
const problems = [];

const JUNK = new Set([
  'shared',
  'common',
  'utils',
  'util',
  'helpers',
  'helper',
  'core',
  'base',
  'generic',
  'misc',
  'lib',
]);
/** Sourced by the scripts of the `bin` beside it, as on any Unix. */
const UNIX_PLACE = /^infra\/droplets\/lib\//;
for (const file of files) {
  const junk = file
    .replace(UNIX_PLACE, '')
    .split('/')
    .find((part) => JUNK.has(part.split('.')[0].toLowerCase()));
  if (junk) problems.push(`${file}: «${junk}» says nothing; name it after what it holds`);
}

const DOORS = new Set(['index.ts', 'http.ts', 'operator.ts', 'texts.ts', 'worker.ts']);
/** What the doors of a room share, and the objects with which the tests attack its routes. */
const BESIDE_DOORS = new Set(['errors.ts', 'view.ts', 'fixture.ts']);
for (const file of files) {
  const [, name] = /^libs\/(?:modules|engines)\/[^/]+\/([^/]+\.ts)$/.exec(file) ?? [];
  if (!name || DOORS.has(name) || BESIDE_DOORS.has(name) || name.endsWith('.spec.ts')) continue;
  problems.push(
    `${file}: a module or an engine shows ${[...DOORS].join(', ')}; beside them may lie ${[...BESIDE_DOORS].join(', ')}; everything else lives in a folder`,
  );
}

// Built from parts, so that this file does not contain the forbidden text.
/** @type {[pattern: RegExp, what: string][]} */
const FORBIDDEN = [
  [new RegExp(['registry', 'npmjs', 'org'].join('\\.')), 'a package registry’s host'],
  [new RegExp(`(^|[\\s"'(=])/(work|root|home)/[a-z]`), 'a path of one machine'],
];
const TEXT = /\.(ts|mjs|cjs|js|json|md|sql|prisma|ya?ml|sh|conf)$|^\.ci\/|Dockerfile/;
for (const file of files.filter((name) => TEXT.test(name))) {
  const text = readFileSync(path.join(root, file), 'utf8');
  for (const [pattern, what] of FORBIDDEN) {
    if (pattern.test(text)) problems.push(`${file}: contains ${what}`);
  }
}

const scripts = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).scripts;
for (const file of files.filter((name) => name.endsWith('.md'))) {
  const text = readFileSync(path.join(root, file), 'utf8');
  for (const [, link] of text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)) {
    if (!existsSync(path.resolve(root, path.dirname(file), link)))
      problems.push(`${file}: the link ${link} leads nowhere`);
  }
  for (const [, name] of text.matchAll(/`npm run (?:-s )?([a-z][a-z0-9:-]*)/g)) {
    if (!scripts[name]) problems.push(`${file}: npm run ${name} does not exist`);
  }
}

const help = (await import('../help.mjs')).HELP;
for (const name of Object.keys(scripts))
  if (!help[name]) problems.push(`package.json: the script ${name} is missing in tools/help.mjs`);
for (const name of Object.keys(help)) if (!scripts[name]) problems.push(`tools/help.mjs: there is no script ${name}`);

if (problems.length > 0) {
  process.stdout.write(`${problems.join('\n')}\n`);
  process.exit(1);
}
