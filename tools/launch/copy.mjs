/** Makes a copy of the tree that may be changed; it shares the installed packages. The caller removes it. */
import { cpSync, existsSync, mkdtempSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { root } from './places.mjs';

/** The output of a build and of the Prisma client's generator, so that the copy needs no new build. */
const MADE = ['dist', 'libs/platform/database/prisma-client'];

/** All files that git knows or would add, and what was made from them. */
export function copyOfTree(name) {
  const copy = mkdtempSync(path.join(os.tmpdir(), `${name}-`));
  const listed = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 16_000_000,
  });
  if (listed.status !== 0) throw new Error(`git ls-files failed: ${listed.stderr}`);
  for (const entry of [...listed.stdout.split('\n').filter(Boolean), ...MADE]) {
    const source = path.join(root, entry);
    if (existsSync(source)) cpSync(source, path.join(copy, entry), { recursive: true });
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
  return copy;
}
