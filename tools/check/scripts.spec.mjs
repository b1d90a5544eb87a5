/**
 * Checks every shell script of the project: bash can parse it, it stops at the first failure, and shellcheck finds nothing. A command for operators is executable and has --help.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { shellcheck } from './shellcheck.mjs';

/** Run inside of an image, by the image’s own rules. */
const NOT_FOR_PEOPLE = /^infra\/(images|compose)\//;

const listed = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' });
/** @type {[file: string, shell: string][]} */
const shebangs = listed.stdout
  .split('\n')
  .filter((file) => file && existsSync(file) && statSync(file).isFile())
  .flatMap((file) => {
    const shell = /^#!.*\b(bash|sh)\b/.exec(firstBytes(file))?.[1];
    return shell ? [[file, shell]] : [];
  });

/** Enough for a shebang, so that images and databases are not read completely. */
function firstBytes(file) {
  const buffer = Buffer.alloc(40);
  const handle = openSync(file, 'r');
  try {
    return buffer.toString('utf8', 0, readSync(handle, buffer)).split('\n', 1)[0];
  } finally {
    closeSync(handle);
  }
}

it('finds the scripts', () => {
  expect(shebangs.map(([file]) => file)).toEqual(
    expect.arrayContaining(['.ci/run', 'infra/ci/release', 'infra/droplets/droplet']),
  );
});

const names = shebangs.map(([file]) => file);

it.each(shebangs)('%s is well-formed and stops at the first failure', (file, shell) => {
  const { status, stderr } = spawnSync('bash', ['-n', file], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  if (shell === 'bash') expect(readFileSync(file, 'utf8')).toMatch(/^set -euo pipefail$/m);
});

it.each(names)('%s passes shellcheck', (file) => {
  expect(shellcheck(['--external-sources', '--source-path=SCRIPTDIR', file])).toBe('');
});

const commands = names.filter((file) => file.startsWith('infra/') && !NOT_FOR_PEOPLE.test(file));

it.each(commands)('%s is executable, and has --help', (file) => {
  expect(statSync(file).mode & 0o111).toBe(0o111);
  const { status, stdout } = spawnSync(file, ['--help'], { encoding: 'utf8', timeout: 120_000 });
  expect({ file, status, stdout }).toEqual({ file, status: 0, stdout: expect.stringMatching(/usage|--help/i) });
});
