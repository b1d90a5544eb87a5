/**
 * PostgreSQL as a droplet runs it: the image, the compose file and the operator's scripts, with separate names, paths
 * and ports. The schema is the real one, so that a verification runs the real checks.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { docker, type Ran, tryDocker } from '../docker.js';

const IMAGE = 'bcb-postgres';
const droplets = resolve('infra/droplets');

export interface DatabaseDroplet {
  readonly prefix: string;
  /** The directory that replaces `/` for this droplet. */
  readonly root: string;
  readonly backups: string;
  readonly container: string;
  /** The environment that makes the scripts act on this droplet. */
  readonly environment: NodeJS.ProcessEnv;
  /** Runs `infra/droplets/host/<name>`, or `data/start`. */
  script(name: string, args?: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ran>;
  /** The same; throws when it fails. */
  done(name: string, args?: readonly string[]): Promise<Ran>;
  sql(text: string): Promise<string>;
  /** One sample of a metrics file, by the name behind `basecommerce_backup_`. */
  metric(name: string): Promise<number>;
  /** Removes the server and its volume at once, with everything that was not archived. */
  loseServer(): Promise<void>;
  remove(): Promise<void>;
}

export interface Options {
  readonly schema?: boolean;
  readonly backups?: string;
  /** More lines for postgres.env. */
  readonly settings?: readonly string[];
  /** Copied into the directory of the backups, which every container of the database sees. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Builds the image (from the cache when nothing changed) and starts PostgreSQL on it. */
export async function startDatabaseDroplet(options: Options = {}): Promise<DatabaseDroplet> {
  await docker('build', '--quiet', '--tag', IMAGE, 'infra/images/postgres');
  const droplet = await emptyDroplet(options);
  try {
    await droplet.done('start', ['postgres']);
    if (options.schema ?? true) await migrate(droplet);
    return droplet;
  } catch (error) {
    await droplet.remove();
    throw error;
  }
}

async function emptyDroplet({
  backups: elsewhere,
  settings: more = [],
  files = {},
}: Options): Promise<DatabaseDroplet> {
  const prefix = `bcb-${randomBytes(3).toString('hex')}`;
  const root = await mkdtemp(join(tmpdir(), `${prefix}-`));
  const state = join(root, 'var/lib/basecommerce');
  const settings = join(root, 'etc/basecommerce');
  const backups = elsewhere ?? join(state, 'backups');
  const container = `${prefix}-postgres`;
  await mkdir(settings, { recursive: true });
  await mkdir(state, { recursive: true });
  await writeFile(
    join(settings, 'postgres.env'),
    `POSTGRES_PASSWORD=${random()}\nPOSTGRES_DB=basecommerce\nBACKUP_KEY=${random()}\nPOSTGRES_MEMORY_MB=1024\n${more.join('\n')}\n`,
    { mode: 0o600 },
  );
  await mkdir(backups, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(backups, name), text);
  const environment = {
    ...process.env,
    BASECOMMERCE_ROOT: root,
    BASECOMMERCE_PREFIX: prefix,
    BASECOMMERCE_BACKUPS: backups,
    // No image of the application: these tests need only its rows in the database.
    BASECOMMERCE_IMAGE: `${prefix}-none`,
    POSTGRES_IMAGE: IMAGE,
    POSTGRES_PORT: '',
    REDIS_PORT: '',
  };

  const droplet: DatabaseDroplet = {
    prefix,
    root,
    backups,
    container,
    environment,
    script: (name, args = [], env = {}) =>
      runScript(join(droplets, name === 'start' ? 'data' : 'host', name), args, { ...environment, ...env }),
    async done(name, args = []) {
      const ran = await droplet.script(name, args);
      if (ran.code !== 0) throw new Error(`${name} ${args.join(' ')}: exit ${ran.code}\n${ran.stderr}`);
      return ran;
    },
    sql: (text) => query(container, text),
    async metric(name) {
      const file = name.startsWith('verif') ? 'backup_verify.prom' : 'backup.prom';
      const text = await readFile(join(state, 'metrics', file), 'utf8');
      const line = text.split('\n').find((each) => each.startsWith(`basecommerce_backup_${name} `));
      if (!line) throw new Error(`no basecommerce_backup_${name} in:\n${text}`);
      return Number(line.split(' ')[1]);
    },
    async loseServer() {
      await docker('kill', container);
      await docker('rm', '--volumes', container);
      for (const volume of await volumesOf(prefix)) await docker('volume', 'rm', volume);
    },
    async remove() {
      for (const name of await list('ps', '--all', '--format', '{{.Names}}', '--filter', `name=^${prefix}-`))
        await tryDocker(['rm', '--force', '--volumes', name]);
      for (const volume of await list('volume', 'ls', '--quiet', '--filter', `name=^${prefix}-`))
        await tryDocker(['volume', 'rm', volume]);
      await tryDocker(['network', 'rm', prefix]);
      await rm(root, { recursive: true, force: true });
    },
  };
  return droplet;
}

/** Applies every migration in order, and adds the rows of one tenant that a running system would have. */
async function migrate(droplet: DatabaseDroplet): Promise<void> {
  const files = (await readdir('prisma/migrations', { recursive: true })).filter((file) =>
    file.endsWith('migration.sql'),
  );
  for (const file of files.toSorted()) await droplet.sql(await readFile(join('prisma/migrations', file), 'utf8'));
  // The row of the first relay: it lets a restored copy detect that it is a copy.
  await droplet.sql('update recovery_state set lineage = app.database_lineage()');
}

async function query(container: string, text: string): Promise<string> {
  const { code, stdout, stderr } = await tryDocker(
    ['exec', '-i', container, 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-U', 'postgres', 'basecommerce'],
    text,
  );
  if (code !== 0) throw new Error(stderr);
  return stdout.trimEnd();
}

/** The volumes that hold a database of this droplet: the one in use and those that earlier restores kept. */
export async function volumesOf(prefix: string): Promise<string[]> {
  return (await list('volume', 'ls', '--quiet', '--filter', `name=^${prefix}-postgres`)).toSorted();
}

async function list(...args: string[]): Promise<string[]> {
  return (await docker(...args)).split('\n').filter(Boolean);
}

const random = () => randomBytes(24).toString('hex');

function runScript(path: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ran> {
  return new Promise((done, failed) => {
    const child = spawn(path, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.once('error', failed);
    child.once('close', (code) => done({ code: code ?? 1, stdout, stderr }));
  });
}

/** Repeats a query until it returns the expected answer. */
export async function eventually(question: () => Promise<boolean>, seconds: number): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await question())) {
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s`);
    await sleep(250);
  }
}

/** Every regular file below a directory, as bytes. */
export async function filesBelow(directory: string): Promise<{ path: string; bytes: Buffer }[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (path) => ({ path, bytes: await readFile(path) })));
}

/** A settings file, changed in place. */
export async function replaceIn(path: string, change: (text: string) => string): Promise<void> {
  await writeFile(path, change(await readFile(path, 'utf8')));
}

/** Inverts a few bytes in the middle of a file of the repository, as a failing disk does. */
export async function damage(path: string): Promise<void> {
  const bytes = await readFile(path);
  const middle = Math.floor(bytes.length / 2);
  for (let at = middle; at < Math.min(middle + 16, bytes.length); at++) bytes[at] = bytes[at]! ^ 0xff;
  await chmod(path, 0o640);
  await writeFile(path, bytes);
}
