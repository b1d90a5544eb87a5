/** The repository is unreadable for a thief and for the operator of the bucket. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { docker, tryDocker } from '../docker.js';
import { type DatabaseDroplet, filesBelow, startDatabaseDroplet } from './system.js';

let droplet: DatabaseDroplet;
/** Random, so that compression does not change it: without encryption the search would find it. */
const secret = randomBytes(120)
  .toString('latin1')
  .replaceAll(/[\0'\\\r\n]/g, 'x');
const needle = Buffer.from(secret, 'latin1').toString('hex');

beforeAll(async () => {
  droplet = await startDatabaseDroplet({ schema: false });
  await droplet.sql(`create table secrets (body bytea); insert into secrets values ('\\x${needle}')`);
  await droplet.done('backup');
}, 300_000);

afterAll(() => droplet.remove());

const searched = async (directory: string) =>
  (await filesBelow(directory)).filter(({ bytes }) => bytes.includes(Buffer.from(needle, 'hex')));

it('holds no byte of a known value in the repository, neither in the backup nor in the archived log', async () => {
  // A check of the search itself: it finds the value in the database's own files.
  const data = await docker('volume', 'inspect', '--format', '{{.Mountpoint}}', `${droplet.prefix}-postgres`);
  expect(await searched(data)).not.toEqual([]);

  const files = await filesBelow(droplet.backups);
  expect(files.some(({ path }) => path.includes('/archive/'))).toBe(true);
  expect(files.some(({ path }) => path.includes('/backup/'))).toBe(true);
  expect(await searched(droplet.backups)).toEqual([]);
});

it('encrypts every file of the repository, its lists included', async () => {
  const files = (await filesBelow(droplet.backups)).filter(({ bytes }) => bytes.length > 0);
  // Bundles contain many encrypted files without a header; if only compressed, the first would begin with zstd's magic
  // number.
  const isBundle = ({ path }: { path: string }) => path.includes('/bundle/');
  const begins = ({ bytes }: { bytes: Buffer }, mark: string) =>
    bytes.subarray(0, mark.length / 2).toString('hex') === mark;
  const salted = Buffer.from('Salted__').toString('hex');
  expect(files.filter(isBundle).length).toBeGreaterThan(0);
  expect(files.filter((file) => !isBundle(file) && !begins(file, salted)).map(({ path }) => path)).toEqual([]);
  expect(files.filter((file) => isBundle(file) && begins(file, '28b52ffd')).map(({ path }) => path)).toEqual([]);
});

it('cannot be read with another key, and makes no new database beside a repository that it cannot read', async () => {
  const settings = join(droplet.root, 'etc/basecommerce/postgres.env');
  const right = await readFile(settings, 'utf8');
  const otherKey = () =>
    writeFile(settings, right.replace(/BACKUP_KEY=.*/, `BACKUP_KEY=${randomBytes(24).toString('hex')}`));
  await droplet.loseServer();

  // The error of a wrong key is random; in one of five cases the tool prints a valid list without backups.
  for (let tries = 0; tries < 12; tries++) {
    await otherKey();
    const restored = await droplet.script('restore', ['latest', '--confirm=restore']);
    expect(restored.code).toBe(69);
    expect(restored.stderr).toContain('the repository cannot be read');
  }
  const started = await droplet.script('start', ['postgres']);
  expect(started.code).toBe(1);
  const { stdout, stderr } = await tryDocker(['logs', droplet.container]);
  expect(stdout + stderr).toContain('so no new database is made');

  await writeFile(settings, right);
  // This database has no schema of ours and so no fence: it is restored, but not reported as done.
  const again = await droplet.script('restore', ['latest', '--confirm=restore']);
  expect(again.stderr).toContain('NOT FENCED');
  expect(await droplet.sql('select body from secrets')).toBe(`\\x${needle}`);
}, 400_000);

it.each([
  ['no key', 'BACKUP_KEY=', /BACKUP_KEY is required/],
  ['a short key', 'BACKUP_KEY=abc', /32 characters or more/],
  ['a placeholder', `BACKUP_KEY=change-me-${'x'.repeat(30)}`, /placeholder/],
  ['an unknown repository', `BACKUP_REPOSITORY=tape\nBACKUP_KEY=${'ab1'.repeat(12)}`, /local, s3 or none/],
  ['a bucket without a name', `BACKUP_REPOSITORY=s3\nBACKUP_KEY=${'ab1'.repeat(12)}`, /needs BACKUP_S3_BUCKET/],
])('refuses to start with %s, in one line', async (_what, settings, message) => {
  const given = settings.split('\n').flatMap((each) => ['--env', each]);
  const ran = await tryDocker(['run', '--rm', '--env', 'POSTGRES_PASSWORD=x', ...given, 'bcb-postgres']);
  expect(ran.code).toBe(78);
  expect(ran.stderr).toMatch(message);
  expect(ran.stderr.trimEnd().split('\n')).toHaveLength(1);
});
