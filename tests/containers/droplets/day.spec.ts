/** A droplet's first hour and the operator's daily commands; problems come first in the output. */
import { docker, tryDocker } from '../docker.js';
import { DOMAIN, Droplet, mustWork } from './droplet.js';

const MINUTE = 60_000;
const USAGE = 64;

let droplet: Droplet;

beforeAll(async () => {
  droplet = await Droplet.start('day');
}, 10 * MINUTE);

afterAll(async () => {
  await tryDocker(['rm', '--force', 'bcd-neighbour']);
  await droplet?.end();
}, MINUTE);

interface Finding {
  readonly light: string;
  readonly what: string;
  readonly says: string;
}

const status = async () => JSON.parse((await droplet.run('status', '--json')).stdout) as Finding[];
const finding = async (what: string) => (await status()).find((one) => one.what === what);
const store = (slug: string) => [
  ...['--slug', slug, '--legal-name', `Loja ${slug} & Filhos`],
  ...['--owner-email', `ana@${slug}.test`, '--owner-name', 'Ana Souza'],
];

describe('the machine', () => {
  it(
    'is bootstrapped again without harm: its secrets stay',
    async () => {
      const before = await droplet.shell('sha256sum /etc/basecommerce/*.env');
      mustWork(await droplet.run('bootstrap'));
      expect(await droplet.shell('sha256sum /etc/basecommerce/*.env')).toBe(before);
      expect(await droplet.shell(`stat -c '%a %U' /etc/basecommerce/*.env | sort -u`)).toBe('600 root');
    },
    MINUTE,
  );

  it('lets only the user deploy in, by key, and lets deploy run only the scripts', async () => {
    expect(
      await droplet.shell(
        'sshd -T | grep -E "^(permitrootlogin|passwordauthentication|allowusers|kbdinteractiveauthentication)" | sort',
      ),
    ).toBe('allowusers deploy\nkbdinteractiveauthentication no\npasswordauthentication no\npermitrootlogin no');
    expect((await droplet.tryShell('su deploy -c "sudo -n cat /etc/basecommerce/basecommerce.env"')).code).not.toBe(0);
    expect((await droplet.tryShell('su deploy -c "sudo -n /opt/basecommerce/bin/releases"')).code).toBe(0);
    expect(await droplet.shell('passwd -S deploy')).toMatch(/^deploy L /);
  });

  it(
    'closes ports that Docker publishes to the public network, and all but three of the machine’s own',
    async () => {
      await droplet.shell(
        'docker run -d --name open --entrypoint redis-server -p 0.0.0.0:7777:6379 redis:8 --protected-mode no',
      );
      const knock = async (port: number) =>
        (
          await tryDocker(
            ['run', '--rm', '--network', droplet.name, 'node:24-trixie-slim', 'node', '-e'].concat(
              `require('node:net').connect({ host: '${droplet.address}', port: ${port}, timeout: 3000 }).on('connect', () => process.exit(0)).on('error', () => process.exit(1)).on('timeout', () => process.exit(2))`,
            ),
          )
        ).code === 0;
      try {
        expect([await knock(22), await knock(80), await knock(443)]).toEqual([true, true, true]);
        expect([await knock(7777), await knock(5000), await knock(8089)]).toEqual([false, false, false]);
        // A check of the rule itself: without it the port is open, in spite of ufw.
        await droplet.shell('iptables -F DOCKER-USER');
        expect(await knock(7777)).toBe(true);
        await droplet.shell('systemctl restart docker');
        expect(await knock(7777)).toBe(false);
      } finally {
        await droplet.shell('docker rm -f open');
      }
    },
    2 * MINUTE,
  );
});

describe('the operator', () => {
  it(
    'gets the message that nothing is deployed, from every command that needs a release',
    async () => {
      expect(await finding('release')).toMatchObject({ light: 'red', says: 'nothing is deployed' });
      for (const words of [
        ['new-store', ...store('early')],
        ['basecommerce', 'tenants', 'list'],
        ['run', 'billing'],
      ]) {
        const { code, stderr } = await droplet.run(words[0]!, ...words.slice(1));
        expect(stderr).toMatch(/nothing is deployed here yet/);
        expect(code).toBe(69);
      }
      expect((await droplet.run('rollback')).code).toBe(USAGE);
    },
    MINUTE,
  );

  it(
    'deploys, and has a store with a working sign-in in one command',
    async () => {
      mustWork(await droplet.deploy(await droplet.publish('1.0.0')));
      const startedAt = Date.now();
      const { stdout } = mustWork(await droplet.run('new-store', ...store('acme')));
      expect(Date.now() - startedAt).toBeLessThan(MINUTE);
      expect(stdout).toMatch(new RegExp(`^address +https://acme\\.${DOMAIN}$`, 'm'));
      expect(stdout).toMatch(/^sign in +ana@acme\.test$/m);
      expect(stdout).toMatch(/^password +\S{12,} /m);
      console.log(`a new store signs in after ${Date.now() - startedAt} ms`);
      const again = await droplet.run('new-store', ...store('acme'));
      expect(again.stderr).toMatch(/slug_taken|taken/);
      expect(again.code).not.toBe(0);
    },
    3 * MINUTE,
  );

  it(
    'runs the system’s own command and passes there, with unchanged arguments',
    async () => {
      const list = mustWork(await droplet.run('basecommerce', 'tenants', 'list', '--json'));
      expect(JSON.parse(list.stdout).data).toEqual([expect.objectContaining({ legal_name: 'Loja acme & Filhos' })]);
      expect(mustWork(await droplet.run('run', 'stock')).stdout).toMatch(/tenant/);
      expect((await droplet.run('run', 'nonsense')).code).toBe(USAGE);
    },
    MINUTE,
  );

  it(
    'sees problems first, and green when they are repaired',
    async () => {
      await droplet.shell('docker stop basecommerce-worker');
      const { code, stdout } = await droplet.run('status');
      expect(code).toBe(1);
      const lights = stdout
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]!);
      expect(lights).toEqual(
        [...lights].sort((a, b) => ['red', 'amber', 'green'].indexOf(a) - ['red', 'amber', 'green'].indexOf(b)),
      );
      expect(stdout).toMatch(/^red +worker +stopped with exit code 0/m);
      await droplet.shell('docker start basecommerce-worker');
      for (let wait = 0; wait < 60 && (await finding('worker'))?.light !== 'green'; wait++)
        await new Promise((go) => setTimeout(go, 500));
      expect(await finding('worker')).toMatchObject({ light: 'green' });
    },
    2 * MINUTE,
  );

  it('finds one request in the logs of every part', async () => {
    await droplet.ask(`acme.${DOMAIN}`, '/api/v1/products');
    const line = JSON.parse(await droplet.shell('grep /api/v1/products /var/log/nginx/access.log | tail -1')) as {
      request_id: string;
    };
    const { stdout } = mustWork(await droplet.run('logs', '--request-id', line.request_id));
    expect(stdout).toMatch(/^nginx \| /m);
    for (const found of stdout.trim().split('\n')) expect(found).toContain(line.request_id);
    expect((await droplet.run('logs', 'kitchen')).code).toBe(USAGE);
  });

  it(
    'sees that cron starts passes, and one that fails',
    async () => {
      expect(await droplet.shell('systemctl is-active cron')).toBe('active');
      mustWork(await droplet.tryShell('/opt/basecommerce/bin/job stock -- /opt/basecommerce/bin/run stock'));
      expect(
        (await droplet.tryShell('/opt/basecommerce/bin/job sales -- /opt/basecommerce/bin/run nonsense')).code,
      ).toBe(USAGE);
      const jobs = JSON.parse((await droplet.run('cron', '--json')).stdout) as { job: string; code: number | null }[];
      expect(jobs.find(({ job }) => job === 'stock')).toMatchObject({ code: 0 });
      expect(jobs.find(({ job }) => job === 'sales')).toMatchObject({ code: USAGE });
      expect(await finding('cron')).toMatchObject({ light: 'red', says: expect.stringContaining('sales exit 64') });
      expect(await droplet.shell('journalctl -t basecommerce-job -o cat')).toMatch(/sales ended with exit code 64/);
    },
    MINUTE,
  );

  it(
    'keeps serving when the machine’s Docker is restarted, and after the containers were',
    async () => {
      await droplet.shell('systemctl restart docker');
      expect(await droplet.ask(`acme.${DOMAIN}`)).toBe(200);
    },
    MINUTE,
  );

  it(
    'destroys data only with the typed word, a fresh backup and nothing running',
    async () => {
      const destroy = (...words: string[]) => droplet.run('destroy-data', ...words);
      const word = `--confirm=destroy-data-of-${droplet.name}`;
      const volumes = () => droplet.shell(`docker volume ls -q | grep -c '^basecommerce-'`);
      expect((await destroy(word)).stderr).toMatch(/not younger than an hour \(there is none\)/);
      const prom = '/var/lib/basecommerce/metrics/backup.prom';
      await droplet.shell(
        `echo "basecommerce_backup_last_success_timestamp_seconds $(($(date +%s) - 4000))" > ${prom}`,
      );
      expect((await destroy(word)).stderr).toMatch(/it is 66 minutes old/);
      await droplet.shell(`echo "basecommerce_backup_last_success_timestamp_seconds $(date +%s)" > ${prom}`);
      expect((await destroy(word)).stderr).toMatch(/these still run: .*basecommerce-relay/);
      await droplet.shell('docker stop $(docker ps -q --filter label=basecommerce.part)');
      expect((await destroy()).stderr).toMatch(/There is no terminal to ask at/);
      expect((await destroy('--confirm=yes')).code).toBe(USAGE);
      expect(await volumes()).toBe('2');
      mustWork(await destroy(word));
      expect((await droplet.tryShell(`docker volume ls -q | grep '^basecommerce-'`)).stdout).toBe('');
      expect(await docker('inspect', '--format', '{{.State.Running}}', droplet.name)).toBe('true');
    },
    2 * MINUTE,
  );
});
