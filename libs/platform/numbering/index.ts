/**
 * Document numbers that people can read aloud: `COT-000123`. There is one counter row per tenant and series. It stays locked
 * until the document's transaction commits, so numbers are unique, without gaps, and in commit order.
 */
import { type Row, sql, type TenantTransaction } from '#platform/database';

const DIGITS = 6;

export async function nextNumber(tx: TenantTransaction, series: string): Promise<string> {
  const row = await tx.first(sql<Row<'document_counters', 'last'>>`
    insert into document_counters as c (tenant_id, series, last) values (${tx.tenant}, ${series}, 1)
    on conflict (tenant_id, series) do update set last = c.last + 1
    returning last`);
  return `${series}-${String(row!.last).padStart(DIGITS, '0')}`;
}
