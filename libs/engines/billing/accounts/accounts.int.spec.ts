/** Events of tenants and owners may arrive in any order; the account and its address are the same in the end. */
import pg from 'pg';
import type { Envelope } from '#contracts/event';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { Story } from '#testing/billing/usage-story';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { billingEngine } from '../worker.js';

let database: TestDatabase;
let engines: CrossTenantDatabase;
let owner: pg.Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Pool({ connectionString: database.url, max: 1 });
  engines = new CrossTenantDatabase({
    url: database.url,
    role: 'basecommerce_engines',
    application: 'billing-accounts-spec',
    maxConnections: 4,
  });
});

afterAll(async () => {
  await engines.close();
  await owner.end();
  await database.drop();
});

const TODAY = Date.parse('2026-11-20T00:00:00.000Z');
const days = (count: number) => new Date(TODAY + count * 86_400_000);
const apply = (events: readonly Envelope[]) => engines.transaction((tx) => billingEngine.apply(tx, events));
const rows = async <Row>(text: string, values: readonly unknown[]) =>
  (await owner.query(text, [...values])).rows as Row[];

describe('a tenant’s account', () => {
  const address = async (tenant: string) =>
    (await rows<{ email: string | null }>(`select email from billing_accounts where tenant_id = $1`, [tenant]))[0]
      ?.email;

  it('takes the address of its first owner only, in whatever order the events arrive', async () => {
    const shop = new Story().person(2, 'owner', days(-3)).person(0, 'seller', days(-9)).person(1, 'owner', days(-5));
    const [second, , first] = shop.events;
    await apply([second!, shop.events[1]!]);
    expect(await address(shop.tenant)).toBeUndefined();
    const [tenant] = new Story(shop.tenant).founded(days(-6)).events;
    await apply([tenant!]);
    expect(await address(shop.tenant)).toBe('owner-2@story.test');
    await apply([first!]);
    expect(await address(shop.tenant)).toBe('owner-1@story.test');
  });

  it('keeps the address that the operator set', async () => {
    const shop = new Story().founded(days(-6));
    await apply(shop.events);
    const owners = new Story(shop.tenant).person(1, 'owner', days(-5)).person(2, 'owner', days(-4));
    await apply(owners.events);
    for (const named of ['books@story.test', 'owner-2@story.test']) {
      await rows(`update billing_accounts set email = $2 where tenant_id = $1`, [shop.tenant, named]);
      await apply(owners.events);
      await apply(new Story(shop.tenant).person(3, 'owner', days(-1)).events);
      expect(await address(shop.tenant)).toBe(named);
    }
  });

  it('gets the address of its owner when both events arrive at the same time', async () => {
    for (let turn = 0; turn < 10; turn++) {
      const shop = new Story().founded(days(-6)).person(1, 'owner', days(-5));
      await Promise.all(shop.events.map((event) => apply([event])));
      expect(await address(shop.tenant)).toBe('owner-1@story.test');
    }
  });
});
