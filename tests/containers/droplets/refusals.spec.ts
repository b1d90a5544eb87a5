/** Bad releases and interrupted deploys: the previous release keeps serving, and the reason is printed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ran } from '../docker.js';
import { DOMAIN, Droplet, type Images, mustWork } from './droplet.js';

const MINUTE = 60_000;
const BUSY = 75;
/** The containers while one release serves and no deploy runs. */
const AT_REST = ['postgres', 'redis', 'relay', 'worker'];

let droplet: Droplet;
let good: Images;

beforeAll(async () => {
  droplet = await Droplet.start('refusals', {
    settings: ['READY_SECONDS=40'],
    // A state directory that can be filled without filling the host.
    machine: ['--tmpfs', '/var/lib/basecommerce:size=96m'],
  });
  good = await droplet.publish('1.0.0');
  mustWork(await droplet.deploy(good));
}, 15 * MINUTE);

afterAll(() => droplet?.end(), MINUTE);

afterEach(async () => {
  expect(await droplet.servingVersion()).toBe('1.0.0');
  expect(await droplet.ask(`console.${DOMAIN}`)).toBe(200);
  const running = (await droplet.running()).map((name) => name.replace('basecommerce-', ''));
  expect(running.filter((name) => !name.startsWith('vertical-'))).toEqual(AT_REST);
  expect(running.filter((name) => name.startsWith('vertical-'))).toHaveLength(1);
}, MINUTE);

const fails = (statement: string) =>
  `RUN mkdir -p prisma/migrations/20991231000000_bad && echo "${statement}" > prisma/migrations/20991231000000_bad/migration.sql`;
const asRoot = (instruction: string) => `USER root\n${instruction}\nUSER 1000:1000`;
const quits = 'CMD ["node", "-e", "console.error(\'out of luck\'); process.exit(3)"]';

it.each([
  ['a vertical that crashes at boot', { construction: quits }, /vertical ended at boot with exit code 3: out of luck/],
  [
    'a vertical that is never ready',
    {
      construction:
        'CMD ["node", "-e", "require(\'node:http\').createServer((q, r) => { r.statusCode = 503; r.end(\'not yet\') }).listen(8000)"]',
    },
    /vertical was not ready within 40 s: not yet/,
  ],
  [
    'a worker that crashes at boot',
    { engines: `ENTRYPOINT []\n${quits}` },
    /worker ended at boot with exit code 3: out of luck/,
  ],
  [
    'a migration that fails',
    { construction: asRoot(fails('select missing from nowhere;')) },
    /the migration failed: .*nothing of it was kept/,
  ],
  [
    'a migration that takes away what the serving release needs',
    { construction: asRoot(fails('alter table customers drop column name;')) },
    /not fit \(release\): 20991231000000_bad drops something/,
  ],
  [
    'a migration that says it breaks',
    { construction: asRoot(fails('-- breaking')) },
    /20991231000000_bad is marked as breaking/,
  ],
  ['an image without a program', { construction: 'ENV PATH=/nowhere' }, /not fit \(release\)/],
])(
  'refuses %s',
  async (_, changes, reason) => {
    const bad = await droplet.publish('6.6.6', changes);
    refused(await droplet.deploy(bad), reason);
    expect((await droplet.run('releases', '--limit', '1')).stdout).toMatch(reason);
  },
  3 * MINUTE,
);

it('refuses an image without a digest that is not on the machine', async () => {
  refused(
    await droplet.deploy({ ...good, construction: '127.0.0.1:5000/basecommerce-construction:1.0.0' }),
    /only a digest is pulled/,
  );
});

it('refuses settings with which the new release would not boot, before it migrates', async () => {
  await droplet.shell(
    'cp -p /etc/basecommerce/basecommerce.env /var/kept.env; sed -i /^ENCRYPTION_KEY/d /etc/basecommerce/basecommerce.env',
  );
  refused(await droplet.deploy(good), /ENCRYPTION_KEY is required/);
  await droplet.shell('cp -p /var/kept.env /etc/basecommerce/basecommerce.env');
});

it(
  'refuses when the disk is nearly full, and when nothing can be written at all',
  async () => {
    const filler = '/var/lib/basecommerce/filler';
    try {
      await droplet.shell(`head -c 60M /dev/zero > ${filler}`);
      refused(await droplet.deploy(good), /not fit \(disk\): \/var\/lib\/basecommerce has 3\d MB free and needs 64/);
      await droplet.tryShell(`head -c 96M /dev/zero > ${filler}`);
      refused(await droplet.deploy(good), /cannot be written|has 0 MB free/);
    } finally {
      await droplet.shell(`rm ${filler}`);
    }
    // A line that the full disk cut off has not damaged the next one.
    mustWork(await droplet.deploy(good));
    expect(await lastEvent()).toBe('retired');
  },
  3 * MINUTE,
);

it(
  'refuses when PostgreSQL or Redis cannot be reached',
  async () => {
    for (const [store, reason] of [
      ['postgres', /PostgreSQL cannot be reached/],
      ['redis', /Redis cannot be reached/],
    ] as const) {
      await droplet.shell(`docker stop -t 10 basecommerce-${store}`);
      refused(await droplet.deploy(good), reason);
      mustWork(await droplet.run('data'));
    }
  },
  3 * MINUTE,
);

it('refuses while Nginx could not be switched', async () => {
  await droplet.shell('echo "nonsense;" >> /etc/nginx/basecommerce/trusted.conf');
  refused(await droplet.deploy(good), /not fit \(gateway\): Nginx refuses its configuration as it is: .*nonsense/);
  await droplet.shell('sed -i /nonsense/d /etc/nginx/basecommerce/trusted.conf');
});

it(
  'lets one deploy run at a time',
  async () => {
    const first = droplet.deploy(good);
    await droplet.shell('until ls /run/basecommerce/*.pid 2> /dev/null; do sleep 0.05; done; sleep 0.5');
    const second = await droplet.deploy(good);
    expect(second.stderr).toMatch(/another deploy or rollback is at work/);
    expect(second.code).toBe(BUSY);
    mustWork(await first);
  },
  2 * MINUTE,
);

it(
  'continues to its end when the connection is lost',
  async () => {
    const before = await servings();
    const child = droplet.begin('deploy', '--image', good.construction, '--engines-image', good.engines);
    await heard(child.stderr!, /starting 1\.0\.0/);
    process.kill(-child.pid!, 'SIGKILL');
    await until(async () => (await servings()) === before + 1 && (await lastEvent()) === 'retired');
  },
  2 * MINUTE,
);

it.each([['starting 1.0.0'], ['everything new is ready'], ['draining']])(
  'is killed while it prints “%s”, and the next deploy cleans up after it',
  async (moment) => {
    const child = droplet.begin('deploy', '--image', good.construction, '--engines-image', good.engines);
    await heard(child.stderr!, new RegExp(moment));
    // The whole session: the deploy, and the process that it had just started.
    await droplet.shell('kill -KILL -- -$(cat $(ls -t /run/basecommerce/*.pid | head -1))');
    await new Promise((resolve) => child.once('close', resolve));
    expect(child.exitCode).not.toBe(0);
    expect(await droplet.ask(`console.${DOMAIN}`)).toBe(200);
    mustWork(await droplet.deploy(good));
    expect((await droplet.run('releases', '--limit', '3')).stdout).not.toMatch(/unfinished/);
    expect(await droplet.shell(`docker ps -a --format '{{.Names}}'`)).not.toMatch(/-next/);
  },
  3 * MINUTE,
);

function refused(ran: Ran, reason: RegExp): void {
  expect(ran.stderr).toMatch(reason);
  expect(ran.stderr).toMatch(/what served before still serves/);
  expect(ran.code).toBe(1);
}

async function record(): Promise<{ event: string; release?: string }[]> {
  return JSON.parse((await droplet.run('releases', '--json')).stdout);
}

async function servings(): Promise<number> {
  return (await record()).filter((line) => line.event === 'serving').length;
}

async function lastEvent(): Promise<string> {
  return (await record()).at(-1)!.event;
}

function heard(stream: NodeJS.ReadableStream, words: RegExp): Promise<void> {
  return new Promise((resolve) => {
    let said = '';
    stream.on('data', (chunk) => {
      said += chunk;
      if (words.test(said)) resolve();
    });
  });
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(500);
}
