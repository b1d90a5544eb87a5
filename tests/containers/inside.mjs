/** Runs inside an image, from standard input: says as JSON what lies in /app and whether every import of ours is there. */
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const files = readdirSync('/app', { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => path.join(entry.parentPath, entry.name));
const ours = files.filter(
  (file) => file.startsWith('/app/dist/') && file.endsWith('.js') && !file.startsWith('/app/dist/public/'),
);

/** As the compiler writes them: a statement at the start of its line, or a call. */
const IMPORTS =
  /^(?:import|export)\s*(?:(?:\*|\{|\w)[^'"();]*\bfrom\s*)?['"]([^'"]+)['"]|\bimport\(['"]([^'"]+)['"]\)/gm;

const missing = [];
for (const file of ours) {
  const text = readFileSync(file, 'utf8');
  for (const [, still, dynamic] of text.matchAll(IMPORTS)) {
    const name = still ?? dynamic;
    if (name.startsWith('node:')) continue;
    try {
      const target =
        name.startsWith('.') || name.startsWith('#') ? createRequire(file).resolve(name) : packageOf(name, file);
      accessSync(target);
    } catch {
      missing.push(`${file}: ${name}`);
    }
  }
}

/** A package may only have an entry for `import`, which `require.resolve` does not see: its folder is what counts. */
function packageOf(name, file) {
  const folder = name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
  return (
    createRequire(file)
      .resolve.paths(folder)
      ?.map((root) => path.join(root, folder, 'package.json'))
      .find(isThere) ?? ''
  );
}

function isThere(file) {
  try {
    accessSync(file);
    return true;
  } catch {
    return false;
  }
}

function isWritable(file) {
  try {
    accessSync(file, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const packages = readdirSync('/app/node_modules').flatMap((name) =>
  name.startsWith('@') ? readdirSync(`/app/node_modules/${name}`).map((part) => `${name}/${part}`) : [name],
);
const writable = ['/', '/app', '/usr/local/bin', ...files].filter(isWritable);
process.stdout.write(
  JSON.stringify({ uid: process.getuid?.(), files, ours: ours.length, packages, missing, writable }),
);
