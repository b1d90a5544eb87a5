import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { makeCertificate } from '../gateway/openssl.js';
import { ComposeProject, DOMAIN } from './compose-project.js';
import { docker, type Ran, tryDocker, tryProgram } from './docker.js';
import { buildImage } from './images.js';
import { Store } from './store.js';
import { eventually } from './waiting.js';

const RUNNING = ['nginx', 'postgres', 'redis', 'relay', 'vertical', 'worker'];

const project = new ComposeProject();
let store: Store;
let product: string;

beforeAll(async () => {
  for (const image of ['construction', 'engines', 'postgres'] as const) await buildImage(image);
  await project.prepare();
  const seconds = await project.up();
  process.stdout.write(`from nothing to healthy in ${seconds.toFixed(1)} s\n`);
  store = await Store.open(project);
}, 900_000);
afterAll(() => project.close(), 120_000);

describe('the production project', () => {
  it('starts its services and no pass', async () => {
    const services = await project.do('ps', '--all', '--services');
    expect(services.split('\n').sort()).toEqual([...RUNNING, 'migrate'].sort());
    expect(await project.inspect('migrate', '.State.ExitCode')).toBe(0);
  });

  it.each(RUNNING)(
    'confines %s: read-only root, only listed capabilities, limits, healthy, restarted',
    async (service) => {
      const state = await project.inspect<{ Health: { Status: string } }>(service, '.State');
      expect(state.Health.Status).toBe('healthy');
      const host = await project.inspect<Record<string, any>>(service, '.HostConfig'); // eslint-disable-line @typescript-eslint/no-explicit-any -- the engine's
      expect(host).toMatchObject({
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges:true'],
        RestartPolicy: { Name: 'unless-stopped' },
        LogConfig: { Type: 'json-file', Config: { 'max-size': '20m', 'max-file': '5' } },
        Privileged: false,
      });
      expect(host['Memory']).toBeGreaterThan(0);
      expect(host['PidsLimit']).toBeGreaterThan(0);
      expect(host['CapAdd'] ?? []).toEqual(service === 'nginx' ? expect.arrayContaining(['SETUID']) : []);
      const files = await project.try(['exec', '-T', service, 'sh', '-c', 'touch /etc/mark /usr/mark /mark 2>&1']);
      expect(files.code).not.toBe(0);
    },
  );

  it('publishes only the gateway’s ports to the network', async () => {
    for (const service of RUNNING) {
      const ports = await project.inspect<Record<string, { HostIp: string }[] | null>>(
        service,
        '.NetworkSettings.Ports',
      );
      const addresses = Object.values(ports).flatMap((bindings) => (bindings ?? []).map(({ HostIp }) => HostIp));
      if (service !== 'nginx') expect(addresses.filter((address) => address !== '127.0.0.1')).toEqual([]);
      else expect(Object.keys(ports).filter((port) => ports[port]?.length)).toEqual(['443/tcp', '80/tcp']);
    }
  });

  it('gives the relay no route to the internet, only to PostgreSQL and Redis', async () => {
    const routes = await project.do('exec', '-T', 'relay', 'cat', '/proc/net/route');
    // The second column is the destination; zeros are the default route.
    expect(routes.split('\n').filter((line) => line.split('\t')[1] === '00000000')).toEqual([]);
    const direct = await project.do('exec', '-T', 'worker', 'cat', '/proc/net/route');
    expect(direct).toContain('00000000');
  });

  it('gives each container only the secrets that it needs', async () => {
    const names = async (service: string) =>
      (await project.inspect<string[]>(service, '.Config.Env')).map((each) => each.split('=')[0]!);
    expect(await names('relay')).not.toEqual(expect.arrayContaining(['SECRET_KEY']));
    for (const secret of ['SECRET_KEY', 'MANAGEMENT_API_KEY', 'ENCRYPTION_KEY', 'BACKUP_KEY'])
      expect(await names('relay')).not.toContain(secret);
    expect(await names('worker')).not.toContain('SECRET_KEY');
    expect(await names('nginx')).not.toContain('POSTGRES_PASSWORD');
    expect(await names('vertical')).not.toContain('BACKUP_KEY');
  });
});

describe('the main job through the gateway', () => {
  it('leads in six calls from a product to an insight', async () => {
    product = await store.stock('CIM-CP2', '100');
    await store.sell(product, '10');
    const [insight] = await eventually(
      () => store.insights(),
      (insights) => insights.length > 0,
      20,
    );
    expect(insight!.why).toContain('90');
  });

  it('answers 421 to a host that is not ours', async () => {
    expect(await project.call('GET', 'acme.other.test', '/health/live')).toMatchObject({ status: 421 });
  });

  it('reaches the vertical again after it was killed', async () => {
    await project.kill('vertical');
    const live = () =>
      project.call('GET', `acme.${DOMAIN}`, '/health').then(
        ({ status }) => status,
        () => 0,
      );
    await eventually(live, (status) => status === 200, 120);
    expect(await project.inspect('vertical', '.RestartCount')).toBe(1);
  });
});

describe('passes', () => {
  it('run on request, end with 0, and take options', async () => {
    expect(await project.try(['run', '--rm', '-T', 'billing'])).toMatchObject({ code: 0 });
    expect(await project.try(['run', '--rm', '-T', 'stock', '--dry-run'])).toMatchObject({ code: 0 });
    expect(await project.try(['run', '--rm', '-T', 'billing', '--nonsense'])).toMatchObject({ code: 64 });
    expect((await project.do('ps', '--services')).split('\n').sort()).toEqual(RUNNING);
  });
});

describe('when relay and worker are killed in the middle of it', () => {
  it('every sale is counted once', async () => {
    const SALES = 12;
    const sold = await store.stock('TIJ-8F', '1000');
    const selling = (async () => {
      for (let nth = 0; nth < SALES; nth++) await store.sell(sold, '3');
    })();
    for (const victim of ['worker', 'relay', 'worker', 'relay']) {
      await new Promise((resolve) => setTimeout(resolve, 600));
      await project.kill(victim);
    }
    await selling;
    const counted = () =>
      project.sql(`select count(*) || ' ' || sum(quantity)::int from stock_engine_sales where product_id = '${sold}'`);
    const total = `select coalesce(sum(quantity), 0)::int from stock_engine_sales where product_id = '${sold}'`;
    await eventually(
      () => project.sql(total),
      (sum) => Number(sum) >= SALES * 3,
      60,
    );
    process.stdout.write(`rows and quantity the stock engine has of ${SALES} sales of 3: ${await counted()}\n`);
    expect(Number(await project.sql(total))).toBe(SALES * 3);
    expect(await project.sql("select count(*) from failed_events where state = 'dead'")).toBe('0');
    for (const victim of ['worker', 'relay'])
      expect(await project.inspect<number>(victim, '.RestartCount')).toBeGreaterThanOrEqual(1);
  });
});

describe('a certificate from the host', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'pair-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Runs the hook as certbot does after a renewal: the runbook's command in a shell. */
  async function hook(): Promise<Ran> {
    const compose = `docker compose --project-name ${project.name} --env-file ${project.settingsFile}`;
    const place = await docker('volume', 'inspect', '--format', '{{.Mountpoint}}', `${project.name}_certificates`);
    const words = [
      `env GATEWAY_NGINX='${compose} exec -T nginx nginx' GATEWAY_CERTIFICATES=${place}`,
      `infra/nginx/renew-hook --env ${project.settingsFile} --main /etc/nginx/basecommerce/nginx.conf`,
    ];
    return tryProgram('sh', ['-c', words.join(' ')], undefined, { ...project.variables, RENEWED_LINEAGE: folder });
  }

  it('is refused if it covers other hosts, and the old one stays', async () => {
    const before = await certificateOf(project);
    await makeCertificate(folder, ['other.test', '*.other.test']);
    const { code, stderr } = await hook();
    expect([code, stderr]).toEqual([1, expect.stringContaining(`does not cover *.${DOMAIN}`)]);
    expect(await certificateOf(project)).toBe(before);
  });

  it('is installed by the hook, and the container serves it', async () => {
    const before = await certificateOf(project);
    await makeCertificate(folder, [DOMAIN, `*.${DOMAIN}`]);
    expect(await hook()).toMatchObject({ code: 0 });
    const made = new X509Certificate(readFileSync(path.join(folder, 'fullchain.pem'))).fingerprint256;
    expect(made).not.toBe(before);
    await eventually(
      () => certificateOf(project),
      (served) => served === made,
    );
  });
});

describe('stopping and starting', () => {
  it('keeps all data, certificates included', async () => {
    const before = await store.insights();
    const [sales, certificate] = [await project.sql('select count(*) from orders'), await certificateOf(project)];
    await project.do('down');
    const seconds = await project.up();
    process.stdout.write(`from its data to healthy in ${seconds.toFixed(1)} s\n`);
    await store.signIn();
    expect(await project.sql('select count(*) from orders')).toBe(sales);
    expect((await store.insights()).length).toBe(before.length);
    expect(await certificateOf(project)).toBe(certificate);
  });

  it('prints the memory of each container', async () => {
    const ids = (await project.do('ps', '--quiet')).split('\n');
    const lines = (await docker('stats', '--no-stream', '--format', '{{.Name}} {{.MemUsage}}', ...ids)).split('\n');
    process.stdout.write(`${lines.map((line) => line.replace(`${project.name}-`, '')).join('\n')}\n`);
    expect(lines).toHaveLength(RUNNING.length);
  });
});

describe('settings', () => {
  it('have no defaults for secrets: without the file, each missing one is named', async () => {
    const { code, stderr } = await tryDocker(['compose', '--env-file', '/dev/null', 'config', '--quiet']);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/required variable [A-Z_]+ is missing.*infra\/compose\/make-env/);
    const settings = [
      'POSTGRES_PASSWORD',
      'REDIS_PASSWORD',
      'SECRET_KEY',
      'MANAGEMENT_API_KEY',
      'ENCRYPTION_KEY',
      'BACKUP_KEY',
      'BASE_DOMAIN',
    ];
    for (const name of settings) {
      const without = await project.try(['config', '--quiet'], { [name]: '' });
      expect(without).toMatchObject({
        code: expect.any(Number),
        stderr: expect.stringContaining(`required variable ${name} `),
      });
      expect(without.code).not.toBe(0);
    }
  });

  it.each(['development', 'postgres', 'basecommerce'])(
    'the database password %s is refused before anything is migrated',
    async (password) => {
      const ran = await project.try(['run', '--rm', '--no-deps', '-T', 'migrate'], { POSTGRES_PASSWORD: password });
      expect(ran).toMatchObject({
        code: 78,
        stderr: expect.stringContaining('DATABASE_URL carries a development password'),
      });
    },
  );

  it('are made once, and only their owner can read them', async () => {
    expect(statSync(project.settingsFile).mode & 0o777).toBe(0o600);
  });

  it('every profile is valid, and refers only to existing files', async () => {
    const config = JSON.parse(await project.do('--profile', '*', 'config', '--format', 'json')) as {
      services: Record<string, { profiles?: string[]; volumes?: { type: string; source: string }[] }>;
    };
    const inProfile = (profile: string) =>
      Object.keys(config.services)
        .filter((name) => config.services[name]!.profiles?.includes(profile))
        .sort();
    expect(inProfile('tools')).toEqual(['pgadmin']);
    expect(inProfile('jobs')).toEqual(['basecommerce', 'billing', 'engines', 'sales', 'stock']);
    expect(inProfile('monitoring')).toEqual(
      [
        'alertmanager',
        'cadvisor',
        'grafana',
        'nginx-exporter',
        'node-exporter',
        'postgres-exporter',
        'prometheus',
        'redis-exporter',
      ].sort(),
    );
    const mounts = Object.values(config.services).flatMap(({ volumes }) => volumes ?? []);
    const missing = mounts.filter(
      ({ type, source }) => type === 'bind' && source.startsWith(process.cwd()) && !isThere(source),
    );
    expect(missing).toEqual([]);
  });
});

function isThere(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** The fingerprint of the gateway's certificate. */
async function certificateOf({ httpsPort }: ComposeProject): Promise<string> {
  const tls = await import('node:tls');
  return new Promise((resolve, reject) => {
    const socket = tls.connect(
      { host: '127.0.0.1', port: httpsPort, servername: `acme.${DOMAIN}`, rejectUnauthorized: false },
      () => {
        resolve(socket.getPeerCertificate().fingerprint256);
        socket.end();
      },
    );
    socket.once('error', reject);
  });
}
