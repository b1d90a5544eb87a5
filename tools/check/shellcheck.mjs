/** shellcheck for tests: the one on the PATH, else Debian's package unpacked. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { hasApt, libraryPath, unpackedPackages } from '../launch/debian.mjs';

let found;

function program() {
  if (spawnSync('shellcheck', ['--version']).status === 0) return { command: 'shellcheck' };
  if (hasApt) {
    const files = unpackedPackages('shellcheck', ['shellcheck']);
    const command = path.join(files, 'usr/bin/shellcheck');
    if (existsSync(command)) return { command, env: { ...process.env, LD_LIBRARY_PATH: libraryPath(files) } };
  }
  throw new Error('shellcheck was not found. Install it (for example: apt-get install shellcheck)');
}

/** Its findings in a file, or in `input` with `-` as the file; empty without findings. */
export function shellcheck(args, input = '') {
  found ??= program();
  const { command, env } = found;
  const { stdout, stderr, error } = spawnSync(command, args, { input, env, encoding: 'utf8' });
  if (error) throw error;
  return `${stdout}${stderr}`.trim();
}
