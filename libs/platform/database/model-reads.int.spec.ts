/** Prisma's reads run in the transaction that they are given: its tenant, its session's check, its uncommitted rows. */
import { newId, type TenantId } from '#kernel';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import {
  readModels,
  type Row,
  sql,
  TenantDatabase,
  type TenantScope,
  type TenantTransaction,
} from '#platform/database';
import { CrossTenantDatabase } from './crossing.js';

let test: TestDatabase;
let tenants: TenantDatabase;
let operators: CrossTenantDatabase;
const [own, other] = [newId() as TenantId, newId() as TenantId];
const scopeOf = (tenant: TenantId): TenantScope => ({ tenant, actor: { id: 'system:test' } });

beforeAll(async () => {
  test = await createTestDatabase();
  tenants = new TenantDatabase({ url: test.url, application: 'model-reads', maxConnections: 8 });
  operators = new CrossTenantDatabase({ url: test.url, application: 'model-reads', role: 'basecommerce_operator' });
  for (const [place, tenant] of [own, other].entries()) {
    await operators.transaction((tx) =>
      tx.execute(sql`
        insert into tenants (id, slug, legal_name, state, locale, time_zone, currency, created_at, changed_at)
        values (${tenant}, ${`shop-${place}`}, 'Shop', 'active', 'pt-BR', 'America/Sao_Paulo', 'BRL', now(), now())`),
    );
    await tenants.transaction(scopeOf(tenant), (tx) => insertCustomer(tx, `of ${place}`));
  }
  // The first read loads the client, which takes seconds on a busy machine; callers would wait that long for a
  // connection.
  await tenants.transaction(scopeOf(own), namesSeen);
});

afterAll(async () => {
  await tenants.close();
  await operators.close();
  await test.drop();
});

const insertCustomer = (tx: TenantTransaction, name: string) =>
  tx.execute(sql`
    insert into customers (tenant_id, id, kind, name, created_at, changed_at)
    values (${tx.tenant}, ${newId()}, 'company', ${name}, now(), now())`);

const namesSeen = (tx: TenantTransaction) =>
  readModels(tx, async (models) => {
    const rows = await models.customers.findMany({ select: { name: true }, orderBy: { id: 'asc' } });
    return rows.map((row) => row.name);
  });

it('sees the rows of its tenant and no others, also when two tenants read at the same moment', async () => {
  const rounds = Array.from({ length: 16 }, (_, round) => (round % 2 === 0 ? own : other));
  const seen = await Promise.all(rounds.map((tenant) => tenants.transaction(scopeOf(tenant), namesSeen)));
  expect(seen).toEqual(rounds.map((tenant) => [tenant === own ? 'of 0' : 'of 1']));
});

it('finds a row by its key in its own tenant only, also when two tenants ask for it at the same moment', async () => {
  const [row] = await tenants.read(scopeOf(own), sql<Row<'customers', 'id'>>`select id from customers`);
  const found = await Promise.all(
    [own, other, own, other].map((tenant) =>
      tenants.transaction(scopeOf(tenant), (tx) =>
        readModels(tx, ({ customers }) =>
          customers.findUnique({ where: { tenant_id_id: { tenant_id: own, id: row!.id } }, select: { name: true } }),
        ),
      ),
    ),
  );
  expect(found).toEqual([{ name: 'of 0' }, null, { name: 'of 0' }, null]);
});

it('sees what its transaction has written, and leaves commit and rollback to it', async () => {
  const seen = await tenants.rehearse(scopeOf(own), async (tx) => {
    await insertCustomer(tx, 'not kept');
    return namesSeen(tx);
  });
  expect(seen).toEqual(['of 0', 'not kept']);
  expect(await tenants.transaction(scopeOf(own), namesSeen)).toEqual(['of 0']);
});

it('runs behind the check of the session, whose refusal arrives as it is', async () => {
  const guard = sql`select 1 / 0`;
  await expect(tenants.transaction({ ...scopeOf(own), guard }, namesSeen)).rejects.toMatchObject({ code: '22012' });
});

it('throws what PostgreSQL says, as statements do', async () => {
  const failed = tenants.transaction(scopeOf(own), async (tx) => {
    await expect(tx.execute(sql`select 1 / 0`)).rejects.toMatchObject({ code: '22012' });
    return namesSeen(tx);
  });
  await expect(failed).rejects.toMatchObject({ code: '25P02' });
  expect(await tenants.transaction(scopeOf(own), namesSeen)).toEqual(['of 0']);
});

it('refuses a condition that is undefined, and a reader without a transaction', async () => {
  const missing = undefined as unknown as string;
  const read = tenants.transaction(scopeOf(own), (tx) =>
    readModels(tx, (models) => models.customers.findMany({ where: { id: missing } })),
  );
  await expect(read).rejects.toThrow(/undefined/);
  const unnamed = tenants.transaction(scopeOf(own), (tx) =>
    // @ts-expect-error A condition that is undefined does not compile.
    readModels(tx, (models) => models.customers.count({ where: { tenant_id: undefined } })),
  );
  await expect(unnamed).rejects.toThrow(/undefined/);
  await expect(readModels(operators, (models) => models.tenants.count())).rejects.toThrow('within a transaction');
});

it('spans tenants where the transaction does', async () => {
  const rows = await operators.transaction((tx) =>
    readModels(tx, (models) => models.tenants.findMany({ select: { slug: true }, orderBy: { slug: 'desc' } })),
  );
  expect(rows).toEqual([{ slug: 'shop-1' }, { slug: 'shop-0' }]);
});
