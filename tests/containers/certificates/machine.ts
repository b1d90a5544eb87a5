/**
 * A droplet made by the project's own scripts, with a gateway and an echo server behind it; and its environment: an
 * ACME server, and the name server of its domain.
 */
import { promises as dns } from 'node:dns';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { docker, type Ran, tryDocker } from '../docker.js';
import { eventually } from '../waiting.js';

const root = path.resolve(import.meta.dirname, '../../..');
const droplets = path.join(root, 'infra/droplets');
const NAME = `bcc-${process.pid}`;
export const DOMAIN = 'shop.test';
export const AUTHORITY = 'https://authority.test:14000/dir';
const ECHO = `require('http').createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ host: request.headers.host }));
}).listen(8000, '127.0.0.1')`;

export class Machine {
  private readonly folder = mkdtempSync(path.join(os.tmpdir(), 'bcc-'));
  address = '';
  /** The root certificate that browsers would trust. */
  trusted = '';
  /** Queries the domain's name server. */
  readonly resolver = new dns.Resolver();

  static async start(): Promise<Machine> {
    const machine = new Machine();
    try {
      await machine.boot();
      await machine.becomeDroplet();
      await machine.meetAuthority();
      return machine;
    } catch (error) {
      await machine.end();
      throw error;
    }
  }

  /** Runs as root on the machine. */
  shell(script: string): Promise<string> {
    return docker('exec', NAME, 'bash', '-c', script);
  }

  tryShell(script: string, input?: string): Promise<Ran> {
    return tryDocker(['exec', '-i', NAME, 'bash', '-c', script], input);
  }

  /** The `challenge` of the name server. */
  async challenge(verb: 'here' | 'gateway' | 'key'): Promise<void> {
    await docker('exec', `${NAME}-authority`, 'challenge', verb);
  }

  /** The credentials of the name server, in the form of the plug-in rfc2136. */
  async credentials(): Promise<string> {
    const key = await docker('exec', `${NAME}-authority`, 'cat', '/run/authority/challenge.key');
    return [
      `dns_rfc2136_server = ${await addressOf(`${NAME}-authority`)}`,
      'dns_rfc2136_name = challenge',
      `dns_rfc2136_secret = ${/secret "(.+)"/.exec(key)![1]}`,
      'dns_rfc2136_algorithm = HMAC-SHA512',
    ].join('\n');
  }

  private async until(script: string): Promise<void> {
    await eventually(
      () => this.tryShell(script),
      ({ code }) => code === 0,
      240,
    );
  }

  async end(): Promise<void> {
    await tryDocker(['rm', '--force', '--volumes', `${NAME}-echo`, `${NAME}-authority`, NAME]);
    await tryDocker(['network', 'rm', NAME]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async boot(): Promise<void> {
    const context = path.join(this.folder, 'image');
    cpSync(path.join(root, 'tests/containers/droplets/image'), context, { recursive: true });
    cpSync(path.join(droplets, 'lib/packages'), path.join(context, 'packages'));
    await docker('build', '--quiet', '--tag', 'bcc-machine', context);
    await docker('build', '--quiet', '--tag', 'bcc-authority', path.join(import.meta.dirname, 'authority'));
    await docker('network', 'create', NAME);
    await docker(
      ...['run', '--detach', '--name', NAME, '--hostname', 'droplet', '--network', NAME, '--privileged'],
      ...['--cgroupns', 'private', '--tmpfs', '/run', '--tmpfs', '/run/lock', '--tmpfs', '/tmp:exec'],
      ...['--volume', '/var/lib/docker', '--env', 'container=docker', '--env'],
      // Newer systemd accepts the older version of control groups only with this option.
      'SYSTEMD_PROC_CMDLINE=systemd.unified_cgroup_hierarchy=0 SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1',
      'bcc-machine',
    );
    this.address = await addressOf(NAME);
    await this.until('systemctl is-active --quiet ssh');
  }

  /** Runs bootstrap and install with the files that `droplet` would send. */
  private async becomeDroplet(): Promise<void> {
    const stage = path.join(this.folder, 'stage');
    mkdirSync(stage);
    for (const [from, to] of [
      ['droplets/host', 'bin'],
      ['droplets/lib', 'lib'],
      ['droplets/crontab', 'crontab'],
      ['nginx', 'nginx'],
    ] as const)
      cpSync(path.join(root, 'infra', from), path.join(stage, to), { recursive: true });
    const settings = [
      `BASE_DOMAIN=${DOMAIN}`,
      // One client sends all the requests here.
      ...['ADDRESS', 'TENANT'].flatMap((of) => [`GATEWAY_${of}_RATE=5000r/s`, `GATEWAY_${of}_BURST=5000`]),
    ];
    writeFileSync(path.join(stage, 'droplet.conf'), `${settings.join('\n')}\n`);
    writeFileSync(path.join(stage, 'deploy.keys'), `ssh-ed25519 ${'A'.repeat(68)} nobody\n`);
    await this.shell('mkdir -p /etc/basecommerce');
    await docker('cp', stage, `${NAME}:/opt/basecommerce`);
    await docker('cp', path.join(stage, 'droplet.conf'), `${NAME}:/etc/basecommerce/droplet.conf`);
    await this.shell('chown -R root:root /opt/basecommerce && /opt/basecommerce/bin/bootstrap');
    await this.shell('tar -czf - -C /opt/basecommerce . | /opt/basecommerce/bin/install');
    const image = 'node:24-trixie-slim';
    await docker(
      ...['run', '-d', '--name', `${NAME}-echo`, '--network', `container:${NAME}`, image, 'node', '-e', ECHO],
    );
  }

  private async meetAuthority(): Promise<void> {
    const name = `${NAME}-authority`;
    const place = ['--network', NAME, '--network-alias', 'authority.test', '--env', `GATEWAY=${this.address}`];
    await docker('run', '--detach', '--name', name, ...place, 'bcc-authority');
    await this.until(`curl -sk -o /dev/null ${AUTHORITY}`);
    this.resolver.setServers([await addressOf(name)]);
    const door = await docker('exec', name, 'cat', '/run/authority/door.pem');
    const trust = 'cat > /usr/local/share/ca-certificates/authority.crt && update-ca-certificates';
    const ran = await this.tryShell(trust, `${door}\n`);
    if (ran.code !== 0) throw new Error(ran.stderr);
    this.trusted = await this.shell('curl -sf https://authority.test:15000/roots/0');
  }
}

function addressOf(container: string): Promise<string> {
  return docker('inspect', '--format', `{{(index .NetworkSettings.Networks "${NAME}").IPAddress}}`, container);
}
