/** A copy of the tree that may be broken or grown at will; what is installed is shared with it. The caller removes it. */
import { cpSync, existsSync, mkdtempSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { root } from './places.mjs';

/** What a build and the generator of the Prisma client leave, which saves the copy the same work. */
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
