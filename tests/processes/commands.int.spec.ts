/** The operator's command as it is shipped: what it answers, what it refuses, and what it loads for an answer. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { OPERATOR_ROOMS } from '../../apps/basecommerce/doors.js';
import { handlerOf } from '../../libs/platform/http/handle.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(app: string, words: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  const child = spawn(process.execPath, [path.join('dist/apps', app, 'main.js'), ...words], {
    env: { PATH: process.env['PATH'], NODE_ENV: 'test', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { out: '', err: '' };
  child.stdout.on('data', (chunk) => (text.out += String(chunk)));
  child.stderr.on('data', (chunk) => (text.err += String(chunk)));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...text })));
}

const operate = (...words: string[]) =>
  run('basecommerce', words, { DATABASE_URL: database.url, REDIS_URL: process.env['TEST_REDIS_URL']! });

describe('every command of the operator', () => {
  const commands = OPERATOR_ROOMS.flatMap(({ operations, open }) =>
    (Object.values(operations) as { id?: string; command?: string }[])
      .filter(({ command }) => command !== undefined)
      .map((operation) => ({ operation, open })),
  );

  it('is handled by the door of the room that its contract belongs to', async () => {
    expect(commands.length).toBeGreaterThan(40);
    for (const { operation, open } of commands) {
      await open();
      expect([operation.command, handlerOf(operation as never)]).toEqual([
        operation.command,
        expect.objectContaining({ handler: expect.any(Function) }),
      ]);
    }
  });
});

describe('basecommerce', () => {
  it('makes a store, shows it, and keeps nothing of a dry run', async () => {
    const words = ['tenants', 'create', '--slug', 'forno', '--legal-name', 'Forno Ltda'];
    const owner = ['--owner-name', 'Ana', '--owner-email', 'ana@forno.test'];
    const rehearsed = await operate(...words, ...owner, '--dry-run', '--json');
    expect({ code: rehearsed.code, err: rehearsed.err }).toEqual({
      code: 0,
      err: 'dry run: this is what would be; nothing was kept\n',
    });
    expect(await operate('tenants', 'show', 'forno')).toMatchObject({
      code: 3,
      err: expect.stringMatching(/^tenant_not_found: /),
    });
    expect(JSON.parse((await operate(...words, ...owner, '--json')).out)).toMatchObject({ slug: 'forno' });
    expect(JSON.parse((await operate('tenants', 'list', '--json')).out)).toMatchObject({ data: [{ slug: 'forno' }] });
    const { out } = await operate('audit', 'list', '--tenant', 'forno', '--json');
    expect(JSON.parse(out)).toMatchObject({
      data: [{ action: 'tenant.create', actor: expect.stringMatching(/^operator:cli:/) }],
    });
  });

  it('names a store by its slug wherever it takes one', async () => {
    expect(JSON.parse((await operate('events', 'list', '--tenant', 'forno', '--json')).out).data).not.toHaveLength(0);
    expect(await operate('deadletters', 'list', '--tenant', 'nowhere')).toMatchObject({
      code: 3,
      err: expect.stringMatching(/^tenant_not_found: /),
    });
    const engines = (...words: string[]) =>
      run('engines-worker', words, { DATABASE_URL: database.url, REDIS_URL: process.env['TEST_REDIS_URL']! });
    expect(await engines('run', 'stock', '--tenant', 'forno', '--json')).toMatchObject({ code: 0 });
    expect(await engines('run', 'stock', '--tenant', 'nowhere')).toMatchObject({
      code: 64,
      err: 'engines run: There is no such store. --tenant nowhere\n',
    });
  });

  it('refuses words that cannot be right before it needs a database', async () => {
    expect(await run('basecommerce', ['tenants', 'create', '--slug', 'a', '--legal-nam', 'B'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(
        /^unknown_flag: Unknown option '--legal-nam'; the flags are --json, --dry-run, --slug, /,
      ),
    });
    expect(await run('basecommerce', ['tenants', 'create', '--slug', 'acme'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--legal-name is missing'),
    });
  });
});

describe('help', () => {
  it.each([
    ['basecommerce', ['--help']],
    ['basecommerce', ['plans', 'create', '--help']],
    ['basecommerce', ['doctor', '--help']],
    ['basecommerce', ['backup', 'store', '--help']],
    ['engines-worker', ['--help']],
    ['engines-worker', ['run', '--help']],
    ['outbox-relay', ['--help']],
    ['migrate', ['--help']],
    ['vertical', ['--help']],
  ])('%s %j needs no configuration', async (app, words) => {
    expect(await run(app, words)).toEqual({ code: 0, out: expect.stringMatching(/\S+ .*\n/), err: '' });
  });
});

const imports = Object.entries(
  (JSON.parse(readFileSync('package.json', 'utf8')) as { imports: Record<string, { default: string }> }).imports,
);

/** The built file behind a `#…` import: the longest pattern that fits, as Node chooses. */
function builtFile(name: string): string {
  const [pattern = '', target] = imports
    .filter(([key]) => new RegExp(`^${key.replace('*', '.+')}$`).test(name))
    .sort(([a], [b]) => b.length - a.length || Number(a.includes('*')) - Number(b.includes('*')))[0]!;
  const [before = '', after = ''] = pattern.split('*');
  return path.resolve(target.default.replace('*', name.slice(before.length, name.length - after.length)));
}

/** The packages that a built file and its imports load before it does anything. */
function packagesOf(entry: string): string[] {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const follow = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(
      /^(?:import|export)\b(?:[^;'"]*? from)? '([^']+)';$/gm,
    )) {
      if (name.startsWith('.')) follow(path.resolve(path.dirname(file), name));
      else if (name.startsWith('#')) follow(builtFile(name));
      else if (!name.startsWith('node:')) packages.add(name);
    }
  };
  follow(path.resolve(entry));
  return [...packages].sort();
}

describe('a command loads what it needs', () => {
  // Each of these takes 0.1 s of CPU or more; a command has 0.5 s.
  const HEAVY =
    /^(@nestjs\/(common|core|config|passport|platform-fastify)|fastify|rxjs|nestjs-pino|pdfkit|stripe|@prisma\/.*)$/;

  it('has help without a driver of a database, and without a server', () => {
    expect(packagesOf('dist/apps/basecommerce/main.js')).toEqual(['zod']);
  });

  it.each([
    ['operate', 'dist/apps/basecommerce/operate.js'],
    ['engines', 'dist/apps/engines-worker/main.js'],
    ...['audit', 'events', 'identity', 'recovery', 'tenancy'].map((room) => [
      room,
      `dist/libs/modules/${room}/operator.js`,
    ]),
    ['billing', 'dist/libs/engines/billing/operator.js'],
  ])('%s needs no server', (_, file) => {
    const packages = packagesOf(file);
    expect(packages.length).toBeGreaterThan(1);
    expect(packages.filter((name) => HEAVY.test(name))).toEqual([]);
  });
});
