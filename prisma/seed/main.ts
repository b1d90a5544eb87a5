/** `npm run db:seed`: the demo stores and their people. Development only; existing rows stay unchanged. */
import { createOperator } from '#modules/identity';
import { addUser, createTenant } from '#modules/tenancy';
import { sql, TenantDatabase } from '#platform/database';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { DEMO_PEOPLE, DEMO_ACCESS_STORES, DEMO_STORES, liveThrough } from '#verticals/construction';
import { seedBilling } from './billing.js';

const PASSWORD = 'demo-demo-demo';
const ACTOR = 'system:seed';
const url = process.env['DATABASE_URL'];

if (process.env['NODE_ENV'] !== 'development' || !url) {
  process.stderr.write('seed: the demo is for development only (NODE_ENV=development, DATABASE_URL set)\n');
  process.exit(78);
}

const crossing = new CrossTenantDatabase({ url, role: 'basecommerce_operator', application: 'seed' });
const tenants = new TenantDatabase({ url, application: 'seed' });
try {
  await crossing.transaction(async (tx) => {
    const exists = await tx.first(sql`select 1 from operators where email = 'operator@console.test'`);
    if (!exists) await createOperator(tx, { email: 'operator@console.test', name: 'Console', password: PASSWORD });
  });
  await Promise.all(DEMO_STORES.map((store, index) => seedStore(store, index + 1)));
  for (const store of DEMO_ACCESS_STORES) await openStore(store);
  const rows = await crossing.query<{ slug: string; id: string }>(sql`select slug, id from tenants`);
  await seedBilling({ url, stores: new Map(rows.map(({ slug, id }) => [slug, id])) });
} finally {
  await Promise.all([crossing.close(), tenants.close()]);
}

/** A store with nothing but its owner: enough to sign in and see what its access state allows. */
async function openStore({ slug, legalName, document, locale }: (typeof DEMO_ACCESS_STORES)[number]): Promise<void> {
  const exists = await crossing.first(sql`select 1 from tenants where slug = ${slug}`);
  if (exists) return;
  await crossing.transaction((tx) =>
    createTenant(tx, ACTOR, {
      ...{ slug, legal_name: legalName, document, locale, time_zone: 'America/Sao_Paulo', currency: 'BRL' },
      ...{ owner_email: `owner@${slug}.test`, owner_name: DEMO_PEOPLE[0]!.name, owner_password: PASSWORD },
    }),
  );
}

async function seedStore(store: (typeof DEMO_STORES)[number], seed: number): Promise<void> {
  const exists = await crossing.first(sql`select 1 from tenants where slug = ${store.slug}`);
  if (exists) return;
  const email = (role: string) => `${role}@${store.slug}.test`;
  const [owner, ...others] = DEMO_PEOPLE;
  const made = await crossing.transaction(async (tx) => {
    const { tenant } = await createTenant(tx, ACTOR, {
      slug: store.slug,
      legal_name: store.legalName,
      document: store.document,
      owner_email: email(owner!.role),
      owner_name: owner!.name,
      owner_password: PASSWORD,
      locale: store.locale,
      time_zone: 'America/Sao_Paulo',
      currency: 'BRL',
    });
    const people = new Map<string, string>();
    for (const { role, name } of others) {
      const { user } = await addUser(tx, ACTOR, {
        tenant: tenant.id,
        email: email(role),
        name,
        roles: [role],
        password: PASSWORD,
        reason: 'demo',
      });
      people.set(role, user.id);
    }
    return { tenant: tenant.id, sellerId: people.get('seller')! };
  });
  const orders = await liveThrough(tenants, { ...made, seed });
  process.stdout.write(`seed: ${store.slug} with ${DEMO_PEOPLE.length} people and ${orders} delivered orders\n`);
}
