import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';

const folder = mkdtempSync(path.join(os.tmpdir(), 'make-env-'));
const program = path.join(import.meta.dirname, 'make-env');
const run = (...args) => spawnSync(program, args, { encoding: 'utf8' });
const settings = (file) =>
  Object.fromEntries(
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => /^[A-Z]/.test(line))
      .map((line) => line.split(/=(.*)/)),
  );

afterAll(() => rmSync(folder, { recursive: true }));

describe('make-env', () => {
  const file = path.join(folder, '.env');

  it('writes strong, different secrets that only the owner can read, and prints none', () => {
    const ran = run('--domain', 'example.com', '--file', file);
    expect(ran.status).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { BASE_DOMAIN, PGADMIN_EMAIL, ...secrets } = settings(file);
    expect({ BASE_DOMAIN, PGADMIN_EMAIL }).toEqual({
      BASE_DOMAIN: 'example.com',
      PGADMIN_EMAIL: 'operator@example.com',
    });
    const values = Object.values(secrets);
    expect(values).toHaveLength(8);
    expect(new Set(values).size).toBe(8);
    for (const value of values) {
      expect(value).toMatch(/^[0-9a-f]{64}$/);
      expect(ran.stdout + ran.stderr).not.toContain(value);
    }
  });

  it('names every setting that docker-compose.yml needs', () => {
    const read = (name) => readFileSync(path.join(import.meta.dirname, name), 'utf8');
    const required = [...(read('../../docker-compose.yml') + read('monitoring.yml')).matchAll(/\$\{([A-Z_]+):\?/g)].map(
      ([, name]) => name,
    );
    expect(Object.keys(settings(file)).sort()).toEqual([...new Set(required)].sort());
  });

  it('does not change an existing file, because its secrets open existing data', () => {
    const before = readFileSync(file, 'utf8');
    expect(run('--domain', 'example.com', '--file', file)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('is there already'),
    });
    expect(readFileSync(file, 'utf8')).toBe(before);
    const empty = path.join(folder, 'empty');
    writeFileSync(empty, '');
    expect(run('--domain', 'example.com', '--file', empty).status).toBe(1);
  });

  it('writes nothing in a dry run', () => {
    const other = path.join(folder, 'dry');
    expect(run('--domain', 'example.com', '--file', other, '--dry-run').status).toBe(0);
    expect(statSync(other, { throwIfNoEntry: false })).toBeUndefined();
  });

  it.each([
    [[]],
    [['--domain', 'Not A Domain']],
    [['--domain', 'example.com', '--email', 'nobody']],
    [['--domain']],
    [['--what']],
  ])('refuses %j as wrong usage', (args) => {
    expect(run(...args, ...(args.length > 1 ? ['--file', path.join(folder, 'never')] : [])).status).toBe(64);
  });
});
