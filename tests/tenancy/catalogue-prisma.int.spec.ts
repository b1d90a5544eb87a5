/**
 * Prisma's client under row security: it sees what its connection's role and tenant may see, and refuses `undefined`.
 */
import { randomUUID } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { PrismaClient } from '../../libs/platform/database/prisma-client/client.js';
import { RowMaker } from '#testing/rows';

const [own, other] = [randomUUID(), randomUUID()];
let database: TestDatabase;
let prisma: PrismaClient;

beforeAll(async () => {
  database = await createTestDatabase();
  const owner = new pg.Client({ connectionString: database.url });
  await owner.connect();
  const maker = new RowMaker(owner);
  for (const tenant of [own, other]) await maker.rowOf('products', tenant);
  await owner.end();
  prisma = new PrismaClient({
    adapter: new PrismaPg({ connectionString: database.url, options: '-c role=basecommerce_app', max: 1 }),
  });
});

afterAll(async () => {
  await prisma.$disconnect();
  await database.drop();
});

const inTenant = <Result>(
  tenant: string,
  work: (tx: Parameters<Parameters<PrismaClient['$transaction']>[0]>[0]) => Promise<Result>,
) =>
  prisma.$transaction(async (tx) => {
    await tx.$executeRaw`select set_config('app.tenant_id', ${tenant}, true)`;
    return work(tx);
  });

it('sees only the rows of its tenant, with or without a condition', async () => {
  expect(await inTenant(own, (tx) => tx.products.findMany({ select: { tenant_id: true } }))).toEqual([
    { tenant_id: own },
  ]);
  expect(await inTenant(own, (tx) => tx.products.count({ where: { tenant_id: other } }))).toBe(0);
  expect(
    await inTenant(own, (tx) => tx.products.updateMany({ where: { tenant_id: other }, data: { name: 'taken' } })),
  ).toEqual({ count: 0 });
});

it('sees nothing without a tenant, also after a transaction that had one', async () => {
  await inTenant(own, (tx) => tx.products.count());
  expect(await prisma.products.count()).toBe(0);
});

it('refuses a condition that is undefined instead of leaving it out', async () => {
  const missing = undefined as unknown as string;
  await expect(inTenant(own, (tx) => tx.products.findMany({ where: { tenant_id: missing } }))).rejects.toThrow(
    /undefined/,
  );
});
