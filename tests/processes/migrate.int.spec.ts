/** The `migrate` of the images: its plan, for people and for programs. */
import { spawnSync } from 'node:child_process';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '#testing/database';

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

const migrate = (...words: string[]) =>
  spawnSync(process.execPath, ['dist/apps/migrate/main.js', ...words], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], NODE_ENV: 'test', DATABASE_URL: database.url },
  });
const recorded = async () => (await client.query<{ name: string }>(RECORDED)).rows.map(({ name }) => name);
const RECORDED = 'select migration_name as name from _prisma_migrations order by migration_name';

it('lists what it would apply and applies nothing of it', async () => {
  expect(migrate('--plan')).toMatchObject({ status: 0, stdout: 'migrate: nothing to do\n' });
  const newest = (await recorded()).at(-1)!;
  await client.query('delete from _prisma_migrations where migration_name = $1', [newest]);
  const before = await recorded();
  const { status, stdout, stderr } = migrate('--plan');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(
    new RegExp(`^migrate: would apply ${newest}\\b.*\\nmigrate: 1 to apply; nothing was changed\\n$`),
  );
  expect(JSON.parse(migrate('--plan', '--json').stdout)).toEqual({
    is_first: false,
    pending: [{ name: newest, objections: expect.any(Array) }],
  });
  expect(await recorded()).toEqual(before);
});

it.each([[['--plam']], [['--json']], [['now']]])('refuses %j as wrong usage, before it touches anything', (words) => {
  const { status, stderr } = migrate(...words);
  expect(status).toBe(64);
  expect(stderr).toMatch(/^migrate: [^\n]+\n$/);
});
