/**
 * What a read costs through Prisma's client and as a statement: the same rows, the same pool, rounds in turn.
 *
 *   node dist/bench/model-reads.js <database URL of a migrated, empty database>
 */
import { newId, type TenantId } from '#kernel';
import { readModels, type Row, sql, TenantDatabase, type TenantTransaction } from '#platform/database';
import { CrossTenantDatabase, type CrossTenantTransaction } from '#platform/database/crossing';

const ROUNDS = 5;
const ROUND_MS = 1_500;
const AT_ONCE = 8;
const CUSTOMERS = 2_000;
const PAGE = 50;

const url = process.argv[2]!;
const tenants = new TenantDatabase({ url, application: 'model-reads', maxConnections: AT_ONCE });
const operators = new CrossTenantDatabase({ url, application: 'model-reads', role: 'basecommerce_operator' });
const tenant = newId() as TenantId;
const scope = { tenant, actor: { id: 'system:bench' } };

type Shown = Row<'customers', 'id' | 'kind' | 'name' | 'document' | 'email' | 'phone' | 'version' | 'created_at'>;
const SHOWN = {
  id: true,
  kind: true,
  name: true,
  document: true,
  email: true,
  phone: true,
  version: true,
  created_at: true,
};

const listed = (id: string) => sql<Shown>`
  select id, kind, name, document, email, phone, version, created_at from customers
   where tenant_id = app.current_tenant() and id < ${id} order by id desc limit ${PAGE}`;
const one = (id: string) => sql<Shown>`
  select id, kind, name, document, email, phone, version, created_at from customers
   where tenant_id = app.current_tenant() and id = ${id}`;
const stores = () => sql<Row<'tenants', 'id' | 'slug' | 'legal_name' | 'state'>>`
  select id, slug, legal_name, state from tenants order by id desc limit ${PAGE}`;

const inTenant = (work: (tx: TenantTransaction) => Promise<unknown>) => tenants.transaction(scope, work);
const asOperator = (work: (tx: CrossTenantTransaction) => Promise<unknown>) => operators.transaction(work);

async function main(): Promise<void> {
  const ids = await prepare();
  const id = () => ids[Math.floor(Math.random() * ids.length)]!;
  const cases: Record<string, readonly (() => Promise<unknown>)[]> = {
    'list of 50': [
      () => tenants.read(scope, listed(id())),
      () => inTenant((tx) => tx.query(listed(id()))),
      () =>
        inTenant((tx) =>
          readModels(tx, ({ customers }) =>
            customers.findMany({
              where: { tenant_id: tenant, id: { lt: id() } },
              orderBy: { id: 'desc' },
              take: PAGE,
              select: SHOWN,
            }),
          ),
        ),
    ],
    'one by id': [
      () => tenants.read(scope, one(id())),
      () => inTenant((tx) => tx.query(one(id()))),
      () =>
        inTenant((tx) =>
          readModels(tx, ({ customers }) =>
            customers.findUnique({ where: { tenant_id_id: { tenant_id: tenant, id: id() } }, select: SHOWN }),
          ),
        ),
    ],
    "operator's list of 50": [
      () => operators.query(stores()),
      () => asOperator((tx) => tx.query(stores())),
      () =>
        asOperator((tx) =>
          readModels(tx, (models) =>
            models.tenants.findMany({
              orderBy: { id: 'desc' },
              take: PAGE,
              select: { id: true, slug: true, legal_name: true, state: true },
            }),
          ),
        ),
    ],
  };
  for (const [name, ways] of Object.entries(cases)) report(name, await compare(ways));
  await tenants.close();
  await operators.close();
}

async function prepare(): Promise<string[]> {
  const names = Array.from({ length: PAGE }, () => newId());
  await operators.transaction((tx) =>
    tx.execute(sql`
      insert into tenants (id, slug, legal_name, state, locale, time_zone, currency, created_at, changed_at)
      select id, 'shop-' || id, 'Shop', 'active', 'pt-BR', 'America/Sao_Paulo', 'BRL', now(), now()
        from unnest(${[tenant, ...names]}::uuid[]) as n(id)`),
  );
  const ids = Array.from({ length: CUSTOMERS }, () => newId());
  await inTenant((tx) =>
    tx.execute(sql`
      insert into customers (tenant_id, id, kind, name, created_at, changed_at)
      select ${tenant}, id, 'company', 'Construtora Horizonte', now(), now() from unnest(${ids}::uuid[]) as n(id)`),
  );
  return ids;
}

/** Per way: the median over the rounds of reads per second and of this process's CPU per read, in microseconds. */
async function compare(ways: readonly (() => Promise<unknown>)[]): Promise<{ rate: number; cpu: number }[]> {
  const results = ways.map(() => ({ rates: [] as number[], cpus: [] as number[] }));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [place, way] of ways.entries()) {
      const startedAt = performance.now();
      const before = process.cpuUsage();
      let count = 0;
      const read = async () => {
        while (performance.now() - startedAt < ROUND_MS) {
          await way();
          count += 1;
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, read));
      const { user, system } = process.cpuUsage(before);
      // The first round warms caches, plans and the compiler.
      if (round === 0) continue;
      results[place]!.rates.push((count / (performance.now() - startedAt)) * 1_000);
      results[place]!.cpus.push((user + system) / count);
    }
  }
  return results.map(({ rates, cpus }) => ({ rate: median(rates), cpu: median(cpus) }));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function report(name: string, results: readonly { rate: number; cpu: number }[]): void {
  const labels = ['SQL, one round trip', 'SQL in a transaction', 'Prisma in a transaction'];
  for (const [place, { rate, cpu }] of results.entries())
    process.stdout.write(
      `${name.padEnd(24)} ${labels[place]!.padEnd(26)} ${rate.toFixed(0).padStart(7)}/s ${cpu.toFixed(0).padStart(6)} µs\n`,
    );
}

await main();
