/** Invoiced totals per month. */

import { type Row, type Sql, sql } from '#platform/database';

export type MonthRow = Row<'billing_invoices', 'currency'> & {
  month: string;
  invoices: bigint;
  total: bigint;
  before: bigint | null;
};

/** Grouped by the month of issue. A month without invoices between two others is listed with zero. */
export const invoicedMonths = (months: number): Sql<MonthRow> => sql<MonthRow>`
  with month as (
    select generate_series(date_trunc('month', app.now() at time zone 'UTC') - (${months}::int * interval '1 month'),
                           date_trunc('month', app.now() at time zone 'UTC'), interval '1 month') as starts_at
  ), invoiced as (
    select c.currency, m.starts_at, count(i.id) as invoices, coalesce(sum(i.total_minor), 0)::bigint as total
      from month m
     cross join (select distinct currency from billing_invoices where tenant_id is not null and number is not null) c
      left join billing_invoices i on i.tenant_id is not null and i.currency = c.currency and i.number is not null
            and i.issued_at >= m.starts_at at time zone 'UTC' and i.issued_at < (m.starts_at + interval '1 month') at time zone 'UTC'
     group by c.currency, m.starts_at
  ), compared as (
    select to_char(starts_at, 'YYYY-MM') as month, currency, invoices, total,
           lag(total) over (partition by currency order by starts_at) as before, starts_at
      from invoiced
  )
  select month, currency, invoices, total, before from compared
   where starts_at > date_trunc('month', app.now() at time zone 'UTC') - (${months}::int * interval '1 month')
   order by month desc, currency`;
