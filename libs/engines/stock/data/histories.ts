/** What was sold, cut into days of the tenant's own calendar. */
import { Decimal } from '#kernel';
import { sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import type { Day } from '../domain/days.js';
import type { Series } from '../domain/forecasts.js';

/** A year and a quarter: what the seasonal method needs to be compared over eight weeks. */
export const HISTORY_DAYS = 460;
const KEPT_DAYS = 500;
/** Until the tenant's own is known. */
export const DEFAULT_ZONE = 'America/Sao_Paulo';
interface Sold {
  readonly tenant: string;
  readonly id: string;
  readonly firstDay: Day;
  readonly today: Day;
}

export interface History {
  readonly series: Series;
  /** Value sold in the window, in minor units. */
  readonly windowValue: bigint;
}

/** Sales per day of the tenant's own calendar, oldest first, up to `today`. */
export async function loadHistories(
  tx: CrossTenantTransaction,
  products: readonly Sold[],
  windowDays: number,
): Promise<History[]> {
  const rows = await tx.query(sql<{ position: number; sold: string; value: string }>`
    select k.position, h.sold, h.value
      from unnest(${products.map((p) => p.tenant)}::uuid[], ${products.map((p) => p.id)}::uuid[], ${products.map((p) => p.today)}::int[])
           with ordinality as k(tenant_id, product_id, today, position)
      left join stock_engine_tenants t on t.tenant_id = k.tenant_id
      cross join lateral (
        select string_agg(d.day || ' ' || d.quantity, ';') as sold, coalesce(sum(d.value) filter (where d.day > k.today - ${windowDays}::int), 0)::text as value
          from (select (s.slot at time zone coalesce(t.time_zone, ${DEFAULT_ZONE}))::date - date '1970-01-01' as day,
                       (sum(s.quantity) * 1000)::bigint as quantity, sum(s.value_minor) as value
                  from stock_engine_sales s
                 where s.tenant_id = k.tenant_id and s.product_id = k.product_id
                   and s.slot >= (date '1970-01-01' + k.today - ${HISTORY_DAYS}::int)
                 group by 1) d
         where d.day <= k.today) h
     where h.sold is not null`);
  const histories = products.map((product) => emptyHistory(product));
  for (const { position, sold, value } of rows) {
    const product = products[Number(position) - 1]!;
    histories[Number(position) - 1] = { series: seriesOf(product, sold), windowValue: BigInt(value) };
  }
  return histories;
}

function emptyHistory(product: Sold): History {
  return { series: seriesOf(product, ''), windowValue: 0n };
}

function seriesOf(product: Sold, text: string): Series {
  const start = Math.min(Math.max(product.firstDay, product.today - HISTORY_DAYS + 1), product.today);
  const sold = new Float64Array(product.today - start + 1);
  for (const entry of text === '' ? [] : text.split(';')) {
    const space = entry.indexOf(' ');
    const index = Number(entry.slice(0, space)) - start;
    if (index >= 0) sold[index] = Number(entry.slice(space + 1));
  }
  return { start, sold };
}

/** What was sold in the window alone. */
export async function loadWindows(
  tx: CrossTenantTransaction,
  products: readonly Sold[],
  windowDays: number,
): Promise<{ quantity: Decimal; value: bigint }[]> {
  const rows = await tx.query(sql<{ quantity: string; value: string }>`
    select w.quantity::text as quantity, w.value::text as value
      from unnest(${products.map((p) => p.tenant)}::uuid[], ${products.map((p) => p.id)}::uuid[], ${products.map((p) => p.today)}::int[])
           with ordinality as k(tenant_id, product_id, today, position)
      left join stock_engine_tenants t on t.tenant_id = k.tenant_id
      cross join lateral (select coalesce(t.time_zone, ${DEFAULT_ZONE}) as name, date '1970-01-01' + k.today + 1 as tomorrow) z
      cross join lateral (
        select coalesce(sum(s.quantity), 0) as quantity, coalesce(sum(s.value_minor), 0) as value
          from stock_engine_sales s
         where s.tenant_id = k.tenant_id and s.product_id = k.product_id
           and s.slot >= (z.tomorrow - ${windowDays}::int)::timestamp at time zone z.name
           and s.slot < z.tomorrow::timestamp at time zone z.name) w
     order by k.position`);
  return rows.map(({ quantity, value }) => ({ quantity: Decimal.parse(quantity), value: BigInt(value) }));
}

/** Sales that no method looks back to any more. */
export async function forgetOldSales(tx: CrossTenantTransaction, tenant: string, asOf: Date): Promise<void> {
  await tx.execute(sql`
    delete from stock_engine_sales where tenant_id = ${tenant} and slot < ${asOf}::timestamptz - make_interval(days => ${KEPT_DAYS}::int)`);
}
