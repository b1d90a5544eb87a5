/** Stores with an owner, a session and a catalogue each, put in by a few set-based statements. */
import { tenantId } from '#kernel';
import { Tokens } from '#platform/auth';
import { asOwner, SECRETS } from './stage.js';

export interface Store {
  readonly tenant: string;
  readonly slug: string;
  readonly token: string;
}

/** UUIDs composed of tenant, kind and number, so that statements need no look-up: `thing` is one hex digit. */
const uuid = (thing: string, store: string, number: string) =>
  `('01931b6e-${thing}000-7000-8000-' || lpad(to_hex((${store}) * 65536 + (${number})), 12, '0'))::uuid`;

/** The share of a catalogue that is imported when the store opens. */
const BROUGHT = 0.8;

export async function openStores(url: string, count: number, products: number): Promise<Store[]> {
  const tenant = uuid('1', 's', '0');
  await asOwner(url, async (owner) => {
    await owner.query(
      `insert into tenants (id, slug, legal_name, created_at, changed_at)
       select ${tenant}, 'store-' || s, 'Store ' || s || ' Ltda', now(), now() from generate_series(1, $1::int) s`,
      [count],
    );
    await owner.query(
      `insert into users (tenant_id, id, email, name, password_hash, roles, created_at, changed_at)
       select ${tenant}, ${uuid('2', 's', '0')}, 'owner@store-' || s || '.test', 'Owner', 'none', '{owner}', now(), now()
         from generate_series(1, $1::int) s`,
      [count],
    );
    await owner.query(
      `insert into sessions (tenant_id, id, user_id, refresh_hash, expires_at, created_at)
       select ${tenant}, ${uuid('3', 's', '0')}, ${uuid('2', 's', '0')}, '\\x00', now() + interval '1 day', now()
         from generate_series(1, $1::int) s`,
      [count],
    );
    // The physical order of real tables: a store imports most of its catalogue when it opens, and adds the rest one by
    // one.
    const brought = Math.ceil(products * BROUGHT);
    for (const [first, last, order] of [
      [1, brought, 's, p'],
      [brought + 1, products, 'p, s'],
    ] as const) {
      await owner.query(
        `insert into products (tenant_id, id, code, name, category, unit, price, currency, units, created_at, changed_at)
         select ${tenant}, ${uuid('4', 's', 'p')}, 'P-' || p, 'Cimento CP II ' || p || ' kg', 'Cimento', 'KG', 0.85 + p / 100.0, 'BRL',
                '[{"unit": "SC", "numerator": "50", "denominator": "1", "step": "1", "barcode": null}]', now(), now()
           from generate_series(1, $1::int) s, generate_series($2::int, $3::int) p order by ${order}`,
        [count, first, last],
      );
    }
    // Without empty tables: a plan that was made for an empty table reads the whole table, and is kept when rows
    // arrive.
    await owner.query('vacuum analyze tenants, users, sessions, products');
  });
  const tokens = new Tokens({ secret: SECRETS.SECRET_KEY, lifetimeMinutes: 1_440 });
  return Array.from({ length: count }, (_, index) => storeOf(index + 1, tokens));
}

function storeOf(number: number, tokens: Tokens): Store {
  const id = (thing: string) => `01931b6e-${thing}000-7000-8000-${(number * 65_536).toString(16).padStart(12, '0')}`;
  const { access_token: token } = tokens.issueForTenant({
    tenant: tenantId(id('1')),
    userId: id('2'),
    sessionId: id('3'),
    authVersion: 1,
    roles: ['owner'],
  });
  return { tenant: id('1'), slug: `store-${number}`, token };
}

/** The headers that the gateway would send for a request of this store. */
export function headersOf(store: Store): Record<string, string> {
  return { 'x-tenant-slug': store.slug, authorization: `Bearer ${store.token}` };
}
