/** PostgreSQL and Redis in containers, and one-off containers of our images beside them; all are removed at the end. */
import { randomBytes } from 'node:crypto';
import { docker, type Ran, tryDocker } from './docker.js';
import { eventually } from './waiting.js';

/** The confinement of containers in production, with which the images must work. */
const CONFINED = ['--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];

export class ImageStage {
  readonly name = `bct-${randomBytes(4).toString('hex')}`;
  private readonly containers: string[] = [];
  private readonly secret = randomBytes(24).toString('hex');
  readonly environment: Readonly<Record<string, string>> = {
    DATABASE_URL: `postgresql://basecommerce:${this.secret}@${this.name}-postgres:5432/basecommerce`,
    REDIS_URL: `redis://:${this.secret}@${this.name}-redis:6379`,
    SECRET_KEY: randomBytes(36).toString('base64url'),
    MANAGEMENT_API_KEY: randomBytes(36).toString('base64url'),
    ENCRYPTION_KEY: randomBytes(36).toString('base64url'),
    BASE_DOMAIN: 'shop.test',
  };

  async open(): Promise<void> {
    await docker('network', 'create', this.name);
    const database = ['POSTGRES_USER=basecommerce', 'POSTGRES_DB=basecommerce', `POSTGRES_PASSWORD=${this.secret}`];
    await this.start('postgres', [...database.flatMap((each) => ['-e', each]), 'postgres:17']);
    await this.start('redis', [
      'redis:8',
      'redis-server',
      '--requirepass',
      this.secret,
      '--maxmemory-policy',
      'noeviction',
    ]);
    const isUp = () => tryDocker(['exec', `${this.name}-postgres`, 'pg_isready', '--host=127.0.0.1', '--quiet']);
    await eventually(isUp, ({ code }) => code === 0);
  }

  /** Starts a container in the background and returns its name. */
  async start(part: string, args: readonly string[], options: readonly string[] = []): Promise<string> {
    const name = `${this.name}-${part}`;
    this.containers.push(name);
    await docker('run', '--detach', '--name', name, '--network', this.name, ...options, ...args);
    return name;
  }

  /** The documented `docker run -d`, confined as in production. */
  startOurs(part: string, args: readonly string[], options: readonly string[] = []): Promise<string> {
    return this.start(part, args, [...CONFINED, ...variables(this.environment), ...options]);
  }

  /** Runs a container of ours to its end; `changes` overwrite the settings, and '' removes one. */
  run(args: readonly string[], changes: Readonly<Record<string, string>> = {}): Promise<Ran> {
    const settings = variables({ ...this.environment, ...changes });
    return tryDocker(['run', '--rm', '--network', this.name, ...CONFINED, ...settings, ...args]);
  }

  sql(statement: string): Promise<string> {
    return docker('exec', `${this.name}-postgres`, 'psql', '-U', 'basecommerce', '-Atqc', statement);
  }

  async close(): Promise<void> {
    for (const container of this.containers.reverse()) await tryDocker(['rm', '--force', '--volumes', container]);
    await tryDocker(['network', 'rm', this.name]);
  }
}

function variables(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values)
    .filter(([, value]) => value !== '')
    .flatMap(([name, value]) => ['--env', `${name}=${value}`]);
}

export async function becomes(container: string, state: 'healthy' | 'unhealthy', seconds = 60): Promise<void> {
  const health = () => docker('inspect', '--format', '{{.State.Health.Status}}', container);
  await eventually(health, (answer) => answer === state, seconds);
}

/** Sends the signal to stop, and returns the exit code and the time. */
export async function stopped(container: string): Promise<{ code: number; seconds: number }> {
  const startedAt = performance.now();
  await docker('stop', '--time', '60', container);
  const code = Number(await docker('inspect', '--format', '{{.State.ExitCode}}', container));
  return { code, seconds: (performance.now() - startedAt) / 1_000 };
}

/** The port of this machine at which the engine publishes a container's port. */
export async function publishedPort(container: string, port: number): Promise<number> {
  return Number((await docker('port', container, String(port))).split('\n')[0]!.split(':').at(-1));
}
