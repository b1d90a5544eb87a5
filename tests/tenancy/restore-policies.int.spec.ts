/** The restore policy of each table: stated where the table is protected, and read from the catalogue. */
import pg from 'pg';
import { EVENT_CONTRACTS } from '#contracts/event-contracts';
import { aggregatesBack, tenantTables } from '#platform/backup';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { createTestDatabase, type TestDatabase } from '#testing/database';

const AGGREGATES = [...new Set<string>(EVENT_CONTRACTS.map(({ aggregate }) => aggregate))];
const THINGS = 'create table things (tenant_id uuid not null, id uuid, last integer, primary key (tenant_id, id));';

let database: TestDatabase;
let owner: pg.Client;
let operator: CrossTenantDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Client({ connectionString: database.url });
  await owner.connect();
  operator = new CrossTenantDatabase({ url: database.url, role: 'basecommerce_operator', application: 'test' });
});
afterAll(async () => {
  await operator.close();
  await owner.end();
  await database.drop();
});

afterEach(() => owner.query('drop table if exists things'));

const policyOfThings = async () => (await tenantTables(operator)).find(({ name }) => name === 'things')?.policy;

describe('protecting a table', () => {
  it.each([
    ['back', { kind: 'back' }],
    ['events', { kind: 'events' }],
    ['highest last', { kind: 'highest', column: 'last' }],
    ['clear', { kind: 'clear' }],
    ['keep', { kind: 'keep', isExported: true, without: [] }],
    ['keep without last', { kind: 'keep', isExported: true, without: ['last'] }],
    ['keep without id, last', { kind: 'keep', isExported: true, without: ['id', 'last'] }],
    ['keep unexported', { kind: 'keep', isExported: false, without: [] }],
  ])('states its restore policy: %s', async (restore, policy) => {
    await owner.query(`${THINGS} call app.protect('things', restore => '${restore}', app => 'select')`);
    expect(await policyOfThings()).toEqual(policy);
  });

  it.each([
    ['without one', "app => 'select'", /procedure app\.protect.* does not exist/],
    ['with null', 'restore => null', /not a restore policy: null/],
    ['with an unknown one', "restore => 'forward'", /not a restore policy: forward/],
    ['with a column that is missing', "restore => 'highest first'", /has no column first/],
    ['with one of two columns missing', "restore => 'keep without last, first'", /has no column first/],
    ['with a word too many', "restore => 'back last'", /not a restore policy: back last/],
    ['with no aggregate’s name', "restore => 'back', aggregate => 'Thing'", /not the name of an aggregate: Thing/],
  ])('is refused %s', async (_, args, message) => {
    await expect(owner.query(`${THINGS} call app.protect('things', ${args})`)).rejects.toThrow(message);
  });

  it('keeps the policy when the table is renamed', async () => {
    await owner.query(`${THINGS} call app.protect('things', restore => 'clear', app => 'select')`);
    await owner.query('alter table things rename to renamed; alter table renamed rename to things');
    expect(await policyOfThings()).toEqual({ kind: 'clear' });
  });
});

describe('the tables', () => {
  it('of the operator’s books stay as they are', async () => {
    const books = (await tenantTables(operator)).filter(({ name }) => name.startsWith('billing_'));
    expect(books.length).toBeGreaterThan(15);
    expect(books.filter(({ policy }) => policy.kind !== 'keep')).toEqual([]);
  });

  it('that hold secrets are exported without them', async () => {
    const tables = await tenantTables(operator);
    const policyOf = (wanted: string) => tables.find(({ name }) => name === wanted)!.policy;
    expect(policyOf('users')).toEqual({ kind: 'keep', isExported: true, without: ['password_hash'] });
    expect(policyOf('sessions')).toEqual({ kind: 'keep', isExported: false, without: [] });
  });

  it('stop every export and restore when one of them states nothing', async () => {
    await owner.query(THINGS);
    await expect(tenantTables(operator)).rejects.toMatchObject({
      code: 'table_without_policy',
      extras: { details: { tables: 'things' } },
    });
  });
});

describe('the aggregates', () => {
  it('of the operator and of people stay, all others go back', async () => {
    const back = aggregatesBack(await tenantTables(operator), AGGREGATES);
    expect(AGGREGATES.filter((aggregate) => !back.includes(aggregate)).sort()).toEqual([
      'account',
      'tenant',
      'usage',
      'user',
    ]);
  });

  it('are refused when no table states their policy', async () => {
    const tables = await tenantTables(operator);
    expect(() => aggregatesBack(tables, ['product', 'comet'])).toThrow(
      expect.objectContaining({ code: 'aggregate_without_policy', extras: { details: { aggregates: 'comet' } } }),
    );
  });

  it('have one table each', async () => {
    const named = (await tenantTables(operator)).flatMap(({ aggregate }) => aggregate ?? []);
    expect(named.sort()).toEqual([...AGGREGATES].sort());
  });
});
