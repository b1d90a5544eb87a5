/**
 * A droplet for tests: a privileged container that boots systemd and sshd like a provider's Debian machine, is set up
 * by the real commands over real ssh, and runs its own Docker engine. Releases come from a registry, by digest.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { docker, type Ran, tryDocker } from '../docker.js';

const root = path.resolve(import.meta.dirname, '../../..');
const command = path.join(root, 'infra/droplets/droplet');
export const DOMAIN = 'shop.test';

export interface Images {
  readonly construction: string;
  readonly engines: string;
}

export interface Options {
  /** Lines for environments/<name>.env. */
  readonly settings?: readonly string[];
  /** Further options of the machine's own `docker run`. */
  readonly machine?: readonly string[];
}

export class Droplet {
  private readonly folder = mkdtempSync(path.join(os.tmpdir(), 'bcd-'));
  private port = '';
  address = '';

  private constructor(
    readonly name: string,
    private readonly options: Options,
  ) {}

  /**
   * Starts it up to a running PostgreSQL and Redis, with two releases in the registry. This takes one to two minutes.
   */
  static async start(subject: string, options: Options = {}): Promise<Droplet> {
    const droplet = new Droplet(`bcd-${subject}`, options);
    try {
      await droplet.prepare();
    } catch (error) {
      await droplet.end();
      throw error;
    }
    return droplet;
  }

  /** `droplet COMMAND <this one> …`, as the operator types it. */
  run(verb: string, ...words: string[]): Promise<Ran> {
    return this.fed(undefined, verb, ...words);
  }

  /** The same, with something to read on standard input. */
  async fed(input: string | undefined, verb: string, ...words: string[]): Promise<Ran> {
    const child = this.begin(verb, ...words);
    child.stdin!.end(input);
    let stdout = '';
    let stderr = '';
    child.stdout!.on('data', (chunk) => (stdout += chunk));
    child.stderr!.on('data', (chunk) => (stderr += chunk));
    const code = await new Promise<number>((resolve) => child.once('close', (exit) => resolve(exit ?? 1)));
    return { code, stdout, stderr };
  }

  /** The same, still running, in a separate process group, which a lost connection ends. */
  begin(verb: string, ...words: string[]): ChildProcess {
    return spawn(command, [verb, this.name, ...words], {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, BASECOMMERCE_ENVIRONMENTS: this.folder },
    });
  }

  deploy(images: Images, ...words: string[]): Promise<Ran> {
    return this.run('deploy', '--image', images.construction, '--engines-image', images.engines, ...words);
  }

  /** Runs as root on the machine, which no operator can do. */
  shell(script: string): Promise<string> {
    return docker('exec', this.name, 'bash', '-c', script);
  }

  tryShell(script: string): Promise<Ran> {
    return tryDocker(['exec', this.name, 'bash', '-c', script]);
  }

  /** The status of a request through the gateway. */
  async ask(host: string, target = '/health'): Promise<number> {
    const answer = await this.tryShell(
      `curl -ks -o /dev/null -m 10 -w '%{http_code}' --resolve ${host}:443:127.0.0.1 https://${host}${target}`,
    );
    return Number(answer.stdout);
  }

  /** The version label of the vertical that Nginx sends requests to. */
  async servingVersion(): Promise<string> {
    return this.shell(`
      port=$(grep -Eo '127.0.0.1:800[01]' /etc/nginx/basecommerce/upstream.conf | cut -d: -f2)
      name=basecommerce-vertical-$([ "$port" = 8000 ] && echo blue || echo green)
      docker inspect -f '{{if .State.Running}}{{index .Config.Labels "basecommerce.version"}}{{else}}not running{{end}}' "$name"`);
  }

  async running(): Promise<string[]> {
    const names = await this.shell(`docker ps --format '{{.Names}}'`);
    return names.split('\n').filter(Boolean).sort();
  }

  /** Puts images with this Dockerfile after `FROM` into the registry; returns the arguments of a deploy. */
  async publish(version: string, changes: { construction?: string; engines?: string } = {}): Promise<Images> {
    const made: Partial<Record<keyof Images, string>> = {};
    for (const target of ['construction', 'engines'] as const) {
      const reference = `127.0.0.1:${this.port}/basecommerce-${target}:${version}`;
      const file = `FROM bcd-${target}\nLABEL org.opencontainers.image.version=${version}\n${changes[target] ?? ''}\n`;
      const built = await tryDocker(['build', '--quiet', '--tag', reference, '-'], file);
      if (built.code !== 0) throw new Error(built.stderr);
      await docker('push', '--quiet', reference);
      const digest = await docker('image', 'inspect', '--format', '{{index .RepoDigests 0}}', reference);
      await docker('image', 'rm', reference);
      // Seen from the machine, the same registry answers on its own loopback.
      made[target] = `127.0.0.1:5000/basecommerce-${target}@${digest.split('@')[1]}`;
    }
    return made as Images;
  }

  /** The same images behind a password, on port 5001 of the machine's loopback: `puller`, with this token. */
  async privateRegistry(): Promise<{ registry: string; user: string; token: string }> {
    const place = ['--network', `container:${this.name}`, '--volume', `${this.name}-registry:/registry`];
    await docker('run', '--detach', '--name', `${this.name}-private`, ...place, 'bcd-registry', '/private.yml');
    return { registry: '127.0.0.1:5001', user: 'puller', token: 'a-token-that-may-only-read' };
  }

  async remove(): Promise<void> {
    const registries = ['pull', 'push', 'private'].map((each) => `${this.name}-${each}`);
    await tryDocker(['rm', '--force', '--volumes', ...registries, this.name]);
    await tryDocker(['volume', 'rm', `${this.name}-docker`, `${this.name}-registry`]);
    await tryDocker(['network', 'rm', this.name]);
  }

  async end(): Promise<void> {
    await this.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async prepare(): Promise<void> {
    await this.remove();
    await this.buildMachine();
    await this.boot();
    for (const step of ['bootstrap', 'install'] as const) mustWork(await this.run(step));
    await this.loadStores();
    mustWork(await this.run('data'));
    // One store sends all the requests here, more than the default limit allows.
    const limits = 'RATE_LIMIT_PER_MINUTE=60000\\nREQUESTS_AT_ONCE=2000\\n';
    await this.shell(`printf '${limits}' >> /etc/basecommerce/basecommerce.env`);
  }

  private async buildMachine(): Promise<void> {
    const context = path.join(this.folder, 'image');
    cpSync(path.join(import.meta.dirname, 'image'), context, { recursive: true });
    cpSync(path.join(root, 'infra/droplets/lib/packages'), path.join(context, 'packages'));
    await docker('build', '--quiet', '--tag', 'bcd-droplet', context);
    await docker('build', '--quiet', '--tag', 'bcd-registry', '--file', `${context}/registry.Dockerfile`, context);
    for (const target of ['construction', 'engines']) {
      // A pipeline that has already built the images names them: CONSTRUCTION_IMAGE, ENGINES_IMAGE.
      const built = process.env[`${target.toUpperCase()}_IMAGE`];
      if (built) await docker('tag', built, `bcd-${target}`);
      else await docker('build', '--quiet', '--target', target, '--tag', `bcd-${target}`, root);
    }
    await docker('build', '--quiet', '--tag', 'basecommerce-postgres', path.join(root, 'infra/images/postgres'));
  }

  private async boot(): Promise<void> {
    const key = path.join(this.folder, 'key');
    await ended(spawn('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key], { stdio: 'ignore' }));
    await docker('network', 'create', this.name);
    const registry = ['--volume', `${this.name}-registry:/registry`, 'bcd-registry'];
    await docker('run', '--detach', '--name', `${this.name}-push`, '--publish', '127.0.0.1::5000', ...registry);
    this.port = (await docker('port', `${this.name}-push`, '5000')).split(':').at(-1)!;
    await docker(
      ...['run', '--detach', '--name', this.name, '--hostname', this.name, '--network', this.name],
      ...['--privileged', '--cgroupns', 'private', '--tmpfs', '/run', '--tmpfs', '/run/lock', '--tmpfs', '/tmp:exec'],
      ...['--volume', `${this.name}-docker:/var/lib/docker`, '--env', 'container=docker'],
      // Newer systemd accepts the older version of control groups only with this option.
      '--env',
      'SYSTEMD_PROC_CMDLINE=systemd.unified_cgroup_hierarchy=0 SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1',
      ...(this.options.machine ?? []),
      'bcd-droplet',
    );
    await docker('run', '--detach', '--name', `${this.name}-pull`, '--network', `container:${this.name}`, ...registry);
    const format = `{{(index .NetworkSettings.Networks "${this.name}").IPAddress}}`;
    this.address = await docker('inspect', '--format', format, this.name);
    const trust = 'mkdir -p -m 700 ~/.ssh && umask 077 && cat > ~/.ssh/authorized_keys';
    await tryDocker(['exec', '-i', this.name, 'sh', '-c', trust], readFileSync(`${key}.pub`, 'utf8'));
    const deadline = Date.now() + 240_000;
    while ((await this.tryShell('systemctl is-active --quiet ssh')).code !== 0) {
      if (Date.now() > deadline) throw new Error('sshd did not start');
      await sleep(200);
    }
    this.configure([]);
  }

  /** Writes environments/<name>.env; a later line of the list overrides an earlier one. */
  configure(settings: readonly string[]): void {
    const key = path.join(this.folder, 'key');
    const given = [
      `HOST=${this.address}`,
      `SSH_OPTIONS=-i ${key} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR`,
      `DEPLOY_KEYS=${key}.pub`,
      `BASE_DOMAIN=${DOMAIN}`,
      'DRAIN_SECONDS=2',
      'LEAST_FREE_MEMORY_MB=256',
      ...(this.options.settings ?? []),
      ...settings,
    ];
    const byName = new Map(given.map((line) => [line.slice(0, line.indexOf('=')), line]));
    writeFileSync(path.join(this.folder, `${this.name}.env`), `${[...byName.values()].join('\n')}\n`);
  }

  private async loadStores(): Promise<void> {
    const save = spawn('docker', ['save', 'basecommerce-postgres', 'redis:8'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const load = spawn('docker', ['exec', '-i', this.name, 'docker', 'load'], { stdio: ['pipe', 'ignore', 'inherit'] });
    save.stdout.pipe(load.stdin);
    await ended(load);
  }
}

export function mustWork(ran: Ran): Ran {
  if (ran.code !== 0) throw new Error(`exit ${ran.code}\n${ran.stderr}`);
  return ran;
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`${child.spawnfile}: exit ${code}`))));
  });
}
