/**
 * The walls and their canaries. A wall that cannot fail protects nothing: for every rule there is a forbidden import, put
 * into a copy of the tree, that the check must catch by that rule's name. A rule without a canary fails, too.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnSync } from 'node:child_process';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const config = createRequire(import.meta.url)(path.join(root, '.dependency-cruiser.cjs'));
const canaries = JSON.parse(readFileSync(path.join(root, 'tools/walls/canaries.json'), 'utf8'));
const WHERE = ['apps', 'libs', 'prisma/seed'];

const own = violationsIn(root);
const failures = own.map((violation) => `${violation.rule.name}: ${violation.from} → ${violation.to}`);

if (process.argv.includes('--canaries')) {
  const rules = [...config.forbidden.map((rule) => rule.name), 'not-in-allowed'];
  for (const rule of rules.filter((name) => !canaries.some((canary) => canary.rule === name)))
    failures.push(`the rule ${rule} has no canary`);
  failures.push(...uncaught());
}

if (failures.length > 0) {
  process.stdout.write(`${failures.join('\n')}\n`);
  process.exit(1);
}
process.stdout.write(
  `walls hold${process.argv.includes('--canaries') ? `; ${canaries.length} canaries caught` : ''}\n`,
);

/** All canaries that do not share a file are tried in one pass, each in a copy that nobody else sees. */
function uncaught() {
  const rounds = [];
  for (const canary of canaries) {
    const round = rounds.find((others) => others.every((other) => other.file !== canary.file));
    if (round) round.push(canary);
    else rounds.push([canary]);
  }
  return rounds.flatMap((round) => {
    const copy = copyOfTree();
    try {
      for (const canary of round) {
        for (const [file, code] of Object.entries({ [canary.file]: canary.code, ...canary.also })) {
          mkdirSync(path.dirname(path.join(copy, file)), { recursive: true });
          writeFileSync(path.join(copy, file), `${code}\n`);
        }
      }
      const caught = violationsIn(copy);
      return round
        .filter(
          (canary) =>
            !caught.some((violation) => violation.rule.name === canary.rule && violation.from === canary.file),
        )
        .map((canary) => `not caught by ${canary.rule}: ${canary.file}: ${canary.code}`);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });
}

function copyOfTree() {
  const copy = mkdtempSync(path.join(os.tmpdir(), 'walls-'));
  for (const entry of ['apps', 'libs', 'prisma', 'package.json', 'tsconfig.json', '.dependency-cruiser.cjs']) {
    if (existsSync(path.join(root, entry))) cpSync(path.join(root, entry), path.join(copy, entry), { recursive: true });
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
  return copy;
}

function violationsIn(folder) {
  const program = path.join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [program, ...WHERE, '--config', '.dependency-cruiser.cjs', '--output-type', 'json'];
  const result = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
  if (!result.stdout.startsWith('{')) throw new Error(result.stderr || result.stdout);
  return JSON.parse(result.stdout).summary.violations;
}
