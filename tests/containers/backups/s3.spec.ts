/**
 * Backups in a bucket: the droplet keeps no copy, loses nothing while the bucket is unreachable, and is restored from
 * it alone.
 */
import { randomBytes } from 'node:crypto';
import { docker, tryDocker } from '../docker.js';
import { type DatabaseDroplet, eventually, filesBelow, startDatabaseDroplet } from './system.js';

const SERVER = 'bcb-s3';
const needle = randomBytes(60).toString('hex');

let droplet: DatabaseDroplet;

/** Python's own client beside the server; prints the requested content. */
const asked = (expression: string) =>
  docker(
    ...['exec', '--env', 'PYTHONWARNINGS=ignore', SERVER, 'python3', '-c'],
    `import boto3
s3 = boto3.client('s3', endpoint_url='https://127.0.0.1', verify=False, region_name='us-east-1', aws_access_key_id='a', aws_secret_access_key='b')
def objects(): return [o['Key'] for page in s3.get_paginator('list_objects_v2').paginate(Bucket='backups') for o in page.get('Contents', [])]
def body(key): return s3.get_object(Bucket='backups', Key=key)['Body'].read()
print(${expression})`,
  );

beforeAll(async () => {
  await docker('build', '--quiet', '--tag', SERVER, 'tests/containers/backups/s3');
  // The machine's own address on Docker's bridge, which containers of every network can reach.
  const address = await docker('network', 'inspect', 'bridge', '--format', '{{(index .IPAM.Config 0).Gateway}}');
  await tryDocker(['rm', '--force', SERVER]);
  const server = ['--name', SERVER, '--env', `ADDRESS=${address}`, '--publish', `${address}::443`];
  await docker('run', '--detach', ...server, SERVER);
  const port = (await docker('port', SERVER, '443')).split(':').at(-1)!;
  await eventually(
    async () => (await tryDocker(['exec', SERVER, 'test', '-s', '/srv/certificate.pem'])).code === 0,
    30,
  );
  await eventually(async () => asked(`s3.create_bucket(Bucket='backups')`).then(Boolean, () => false), 60);
  droplet = await startDatabaseDroplet({
    schema: false,
    files: { 'ca.pem': await docker('exec', SERVER, 'cat', '/srv/certificate.pem') },
    settings: [
      ...[
        'BACKUP_REPOSITORY=s3',
        'BACKUP_S3_BUCKET=backups',
        `BACKUP_S3_ENDPOINT=${address}`,
        `BACKUP_S3_PORT=${port}`,
      ],
      ...['BACKUP_S3_REGION=eu-central-1', 'BACKUP_S3_KEY=key', 'BACKUP_S3_SECRET=secret', 'BACKUP_S3_URI_STYLE=path'],
      'BACKUP_S3_CA_FILE=/var/lib/pgbackrest/ca.pem',
    ],
  });
  await droplet.sql(`create table notes (body text not null); insert into notes values ('${needle}')`);
  await droplet.done('backup');
}, 300_000);

afterAll(async () => {
  await droplet?.remove();
  await docker('rm', '--force', SERVER);
});

it('keeps the backup and the log in the bucket, encrypted, and nothing on the droplet', async () => {
  expect((await filesBelow(droplet.backups)).map(({ path }) => path.split('/').at(-1))).toEqual(['ca.pem']);
  expect(await asked(`any('/archive/' in k for k in objects()), any('/backup/' in k for k in objects())`)).toBe(
    'True True',
  );
  const plain = `sum(body(k).count(b'${needle}') for k in objects())`;
  expect(await asked(plain)).toBe('0');
  // A check of the search itself: it finds the value where it is not encrypted.
  await asked(`s3.put_object(Bucket='backups', Key='plain', Body=b'${needle}')`);
  expect(await asked(plain)).toBe('1');
});

it('keeps writing while the bucket is unreachable, shows it, and archives everything afterwards', async () => {
  await docker('pause', SERVER);
  await droplet.sql(`insert into notes values ('while it was away')`);
  const switched = droplet.sql('select pg_switch_wal()');
  await switched;
  expect(await droplet.sql('select count(*) from notes')).toBe('2');
  await eventually(async () => (await waiting()) > 0, 60);
  await docker('unpause', SERVER);
  await eventually(async () => (await waiting()) === 0, 180);
});

it('is restored from the bucket alone when server and volume are gone', async () => {
  await droplet.loseServer();
  await droplet.script('restore', ['latest', '--confirm=restore']);
  expect(await droplet.sql(`select string_agg(body, ' ' order by body) from notes`)).toBe(
    `${needle} while it was away`,
  );
});

const waiting = async () =>
  Number(await droplet.sql(`select count(*) from pg_ls_archive_statusdir() where name like '%.ready'`));
