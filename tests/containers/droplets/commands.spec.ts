/** Commands for occasional work: a private registry, a store on a plan, following logs, freeing disk space. */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { docker } from '../docker.js';
import { eventually } from '../waiting.js';
import { DOMAIN, Droplet, type Images, mustWork } from './droplet.js';

const MINUTE = 60_000;
const USAGE = 64;
const UNAVAILABLE = 69;
const BUSY = 75;

let droplet: Droplet;
let releases: Images[];

beforeAll(async () => {
  droplet = await Droplet.start('commands');
  releases = [];
  for (const version of ['1.0.0', '2.0.0', '3.0.0']) {
    const own = `ENV RELEASE_NAME=${version}`;
    releases.push(await droplet.publish(version, { construction: own, engines: own }));
  }
}, 15 * MINUTE);

afterAll(() => droplet?.end(), MINUTE);

describe('login', () => {
  const settings = '/root/.docker/config.json';

  it(
    'allows pulling a release that was refused before, and never shows the token',
    async () => {
      const { registry, user, token } = await droplet.privateRegistry();
      const behind = (image: string) => image.replace('127.0.0.1:5000', registry);
      const first = { construction: behind(releases[0]!.construction), engines: behind(releases[0]!.engines) };
      expect((await droplet.deploy(first)).stderr).toMatch(/cannot be fetched/);

      const wrong = await droplet.fed('not-the-token\n', 'login', registry, user);
      expect(wrong.stderr).toMatch(/login: 127\.0\.0\.1:5001 refused puller: .*unauthorized/i);
      expect(wrong.code).toBe(1);
      expect((await droplet.fed('', 'login', registry, user)).code).toBe(USAGE);
      expect((await droplet.fed(token, 'login', '127.0.0.1:5999', user)).code).toBe(UNAVAILABLE);
      expect((await droplet.fed(token, 'login', registry)).code).toBe(USAGE);
      mustWork(await droplet.fed(token, 'login', registry, user, '--dry-run'));
      expect((await droplet.tryShell(`test -e ${settings} && grep -c ${registry} ${settings}`)).code).not.toBe(0);

      const right = mustWork(await droplet.fed(token, 'login', registry, user));
      expect(right.stdout + right.stderr + wrong.stderr).not.toMatch(/token-that|not-the-token/);
      expect(await droplet.shell(`stat -c '%U %a' ${settings}`)).toBe('root 600');
      mustWork(await droplet.deploy(first));
    },
    4 * MINUTE,
  );
});

describe('new-store --plan', () => {
  const words = (slug: string, plan: string) => [
    ...['--slug', slug, '--legal-name', `Loja ${slug}`, '--plan', plan],
    ...['--owner-email', `ana@${slug}.test`, '--owner-name', 'Ana Souza'],
  ];

  it(
    'makes no store for a plan that does not exist',
    async () => {
      const { code, stderr } = await droplet.run('new-store', ...words('acme', 'ouro'));
      expect(stderr).toMatch(/there is no plan 'ouro'.*Nothing was made/);
      expect(code).toBe(USAGE);
      const { stdout } = mustWork(await droplet.run('basecommerce', 'tenants', 'list', '--json'));
      expect((JSON.parse(stdout) as { data: unknown[] }).data).toEqual([]);
    },
    2 * MINUTE,
  );

  it(
    'makes a store whose owner can sign in and that has its plan',
    async () => {
      const plan = ['--code', 'prata', '--base-price', '99', '--trial-days', '7', '--reason', 'the first plan'];
      mustWork(await droplet.run('basecommerce', 'plans', 'create', ...plan));
      const { stdout } = mustWork(await droplet.run('new-store', ...words('acme', 'prata')));
      expect(stdout).toMatch(new RegExp(`^address +https://acme\\.${DOMAIN}$`, 'm'));
      expect(stdout).toMatch(/^password +\S{12,} /m);
      const shown = mustWork(await droplet.run('basecommerce', 'subscriptions', 'show', 'acme', '--json'));
      expect(shown.stdout).toContain('"prata"');
    },
    2 * MINUTE,
  );
});

describe('logs --follow', () => {
  /** The processes that still read on the machine; none may stay after the operator's end has closed. */
  const readers = () => droplet.shell(`pgrep -fc 'docker [l]ogs|tail -n 100 -[F]|[j]ournalctl' || true`);
  const ask = (mark: string) =>
    droplet.shell(
      `curl -ks -o /dev/null -H 'x-request-id: ${mark}' --resolve acme.${DOMAIN}:443:127.0.0.1 https://acme.${DOMAIN}/api/v1/auth/me`,
    );
  const ended = (child: ChildProcess) => new Promise((resolve) => child.once('close', resolve));

  it.each([[[] as string[]], [['vertical']], [['nginx']]])(
    'of %j shows a line at once, and leaves no process behind',
    async (part) => {
      expect(await readers()).toBe('0');
      const child = droplet.begin('logs', ...part, '--follow');
      let said = '';
      child.stdout!.on('data', (chunk) => (said += String(chunk)));
      await eventually(readers, (count) => Number(count) > 0);
      // The gateway gives each request a new id, so the test recognises the request by its path.
      await sleep(500);
      const startedAt = performance.now();
      await ask('probe');
      await eventually(
        () => Promise.resolve(said),
        (text) => text.includes('/api/v1/auth/me'),
        20,
      );
      process.stdout.write(`a line came after ${Math.round(performance.now() - startedAt)} ms\n`);
      expect(child.exitCode).toBeNull();
      // Ctrl-C at the operator's end.
      process.kill(-child.pid!, 'SIGINT');
      await ended(child);
      await eventually(readers, (count) => count === '0', 30);
    },
    2 * MINUTE,
  );

  it('of one request shows only its lines', async () => {
    const child = droplet.begin('logs', '--follow', '--request-id', 'nobody-has-this-one');
    let said = '';
    child.stdout!.on('data', (chunk) => (said += String(chunk)));
    await eventually(readers, (count) => Number(count) > 0);
    await ask('other');
    await sleep(2_000);
    expect(said).toBe('');
    process.kill(-child.pid!, 'SIGINT');
    await ended(child);
  }, 60_000);
});

describe('prune', () => {
  const ours = async () =>
    (
      await droplet.shell(
        `docker images -q --no-trunc --filter label=org.opencontainers.image.title=basecommerce-construction | sort -u | wc -l`,
      )
    ).trim();

  it(
    'removes releases beyond the kept ones, and keeps a rollback possible',
    async () => {
      mustWork(await droplet.deploy(releases[1]!));
      mustWork(await droplet.deploy(releases[2]!));
      expect(await ours()).toBe('3');
      expect(mustWork(await droplet.run('prune', '--keep', '2', '--dry-run')).stderr).toMatch(/last 2 releases/);
      expect(await ours()).toBe('3');
      expect((await droplet.run('prune', '--keep', 'two')).code).toBe(USAGE);

      const deploying = droplet.deploy(releases[2]!);
      await droplet.shell('until ls /run/basecommerce/*.pid 2> /dev/null; do sleep 0.05; done; sleep 0.5');
      const busy = await droplet.run('prune', '--keep', '2');
      expect(busy.stderr).toMatch(/a deploy or rollback is at work/);
      expect(busy.code).toBe(BUSY);
      mustWork(await deploying);

      // 3.0.0 was deployed twice, so three releases have two versions; no container has that of 2.0.0 any more.
      const pruned = mustWork(await droplet.run('prune', '--keep', '3'));
      expect(pruned.stderr).toMatch(/2 images and 0 archives removed, -?\d+ MB more are free/);
      expect(await ours()).toBe('2');
      expect(await droplet.ask(`acme.${DOMAIN}`)).toBe(200);
      // Without a registry: the images for the rollback are on the machine.
      await docker('stop', `${droplet.name}-pull`);
      mustWork(await droplet.run('rollback'));
      mustWork(await droplet.run('rollback'));
      expect(await droplet.servingVersion()).toBe('2.0.0');
      await docker('start', `${droplet.name}-pull`);
    },
    6 * MINUTE,
  );

  it(
    'removes old archives of stores, and no other file there',
    async () => {
      const folder = '/var/lib/basecommerce/stores';
      const age = (name: string, days: number) => `touch -d '${days} days ago' ${folder}/${name}`;
      const names = [age('acme-old.store', 31), age('acme-new.store', 29), age('notes.txt', 400)];
      await droplet.shell(`mkdir -p ${folder} && ${names.join(' && ')}`);
      mustWork(await droplet.run('prune', '--archive-days', '20', '--dry-run'));
      const pruned = mustWork(await droplet.run('prune', '--keep', '3'));
      expect(pruned.stderr).toMatch(/removed acme-old\.store\n.*0 images and 1 archives removed/s);
      expect((await droplet.shell(`ls ${folder}`)).split('\n')).toEqual(['acme-new.store', 'notes.txt']);
    },
    MINUTE,
  );

  it(
    'allows a rollback to a removed release as well: its images are pulled again',
    async () => {
      const list = JSON.parse((await droplet.run('releases', '--json')).stdout) as Record<string, string>[];
      const first = list.find((line) => line['event'] === 'serving' && line['version'] === '1.0.0')!;
      mustWork(await droplet.run('rollback', '--to', first['release']!));
      expect(await droplet.servingVersion()).toBe('1.0.0');
      mustWork(await droplet.run('prune', '--keep', '0'));
      expect(await droplet.ask(`acme.${DOMAIN}`)).toBe(200);
      // Only images of containers: the serving one, and the stopped one before it.
      expect(await ours()).toBe('2');
    },
    4 * MINUTE,
  );
});
