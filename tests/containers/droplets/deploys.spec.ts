/** Twenty deploys and twenty rollbacks during requests: no request may fail. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { docker, tryDocker } from '../docker.js';
import { DOMAIN, Droplet, type Images, mustWork } from './droplet.js';

const ROUNDS = Number(process.env['DEPLOY_ROUNDS'] ?? 20);
const RATE = 200;
/** The promised time of a rollback, from the command to requests served by the older release. */
const ROLLBACK_MS = 60_000;
const MINUTE = 60_000;

let droplet: Droplet;
let one: Images;
let two: Images;

beforeAll(async () => {
  droplet = await Droplet.start('deploys', {
    settings: [
      'GATEWAY_ADDRESS_RATE=2000r/s',
      'GATEWAY_ADDRESS_BURST=2000',
      'GATEWAY_ADDRESS_CONNECTIONS=2000',
      'GATEWAY_TENANT_RATE=2000r/s',
      'GATEWAY_TENANT_BURST=2000',
      'GATEWAY_TENANT_CONNECTIONS=2000',
    ],
  });
  one = await droplet.publish('1.0.0');
  two = await droplet.publish('2.0.0', { construction: 'ENV RELEASE_NAME=two', engines: 'ENV RELEASE_NAME=two' });
  mustWork(await droplet.deploy(one));
}, 15 * MINUTE);

afterAll(() => droplet?.end(), MINUTE);

it(
  'loses no request',
  async () => {
    const token = await signIn();
    await startLoad(token);
    const served: Record<'deploy' | 'rollback', number[]> = { deploy: [], rollback: [] };
    const whole: number[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      mustWork(await droplet.deploy(two));
      expect(await droplet.servingVersion()).toBe('2.0.0');
      served.deploy.push(await lastServedAfter());
      const startedAt = Date.now();
      mustWork(await droplet.run('rollback'));
      whole.push(Date.now() - startedAt);
      expect(await droplet.servingVersion()).toBe('1.0.0');
      served.rollback.push(await lastServedAfter());
    }
    const count = await stopLoad();
    const stored = await droplet.shell(
      `docker exec basecommerce-postgres psql -U basecommerce -d basecommerce -Atc "select count(*) from customers"`,
    );
    console.log(
      `${ROUNDS} deploys and ${ROUNDS} rollbacks at ${count.per_second} requests/s: ${count.sent} sent, ${count.failed} failed, ` +
        `${count.again} sent again on a connection that had been closed, slowest ${count.slowest_ms} ms; ` +
        `serving after: deploy ${spread(served.deploy)}, rollback ${spread(served.rollback)}; whole rollback ${spread(whole)}`,
    );
    expect(count.failures).toEqual({});
    expect(count.failed).toBe(0);
    expect(count.ok).toBe(count.sent);
    expect(count.per_second).toBeGreaterThanOrEqual(RATE * 0.95);
    // Every answered write is in the database.
    expect(Number(stored)).toBe(count.written);
    expect(Math.max(...served.rollback)).toBeLessThan(ROLLBACK_MS);
    expect(Math.max(...whole)).toBeLessThan(ROLLBACK_MS);
  },
  45 * MINUTE,
);

async function signIn(): Promise<string> {
  const store = ['--slug', 'acme', '--legal-name', 'Acme', '--owner-email', 'ana@acme.test', '--owner-name', 'Ana'];
  const { stdout } = mustWork(await droplet.run('new-store', ...store));
  const password = /^password +(\S+)/m.exec(stdout)![1];
  const body = JSON.stringify({ email: 'ana@acme.test', password });
  const answer = await droplet.shell(
    `curl -ks --resolve acme.${DOMAIN}:443:127.0.0.1 https://acme.${DOMAIN}/api/v1/auth/login -H 'content-type: application/json' -d '${body}'`,
  );
  return (JSON.parse(answer) as { access_token: string }).access_token;
}

async function startLoad(token: string): Promise<void> {
  await docker(
    ...['run', '--detach', '--interactive', '--name', 'bcd-load', '--network', `container:${droplet.name}`],
    ...['--env', `HOST=acme.${DOMAIN}`, '--env', `TOKEN=${token}`, '--env', `RATE=${RATE}`],
    ...['node:24-trixie-slim', 'node', '--input-type=module', '--eval'],
    readFileSync(path.join(import.meta.dirname, 'load.mjs'), 'utf8'),
  );
  await sleep(2_000);
  expect(await docker('logs', 'bcd-load')).toContain('sending');
}

async function stopLoad() {
  await docker('kill', '--signal', 'TERM', 'bcd-load');
  await docker('wait', 'bcd-load');
  const said = await docker('logs', 'bcd-load');
  await tryDocker(['rm', '--force', 'bcd-load']);
  return JSON.parse(said.split('\n').at(-1)!);
}

async function lastServedAfter(): Promise<number> {
  const record = JSON.parse((await droplet.run('releases', '--json')).stdout) as { event: string; after_ms?: string }[];
  return Number(record.filter((line) => line.event === 'serving').at(-1)!.after_ms);
}

function spread(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const seconds = (value: number) => (value / 1_000).toFixed(1);
  return `${seconds(sorted[0]!)}/${seconds(sorted[sorted.length >> 1]!)}/${seconds(sorted.at(-1)!)} s (least/median/most)`;
}
