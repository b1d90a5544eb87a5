/** The runs of the passes, and the parked tenants, as the operator reads them. */
import { type Column, type Queryable, readModels, type Row, type Sql, sql } from '#platform/database';

export type ParkedRow = Row<
  'billing_parked',
  'tenant_id' | 'reason' | 'since',
  { pass: 'billing-overage' | 'billing-grace' | 'billing-reconcile' }
> & { slug: Column<'billing_accounts', 'slug'> | null };

export const parkedRows = (limit: number): Sql<ParkedRow> => sql<ParkedRow>`
  select p.tenant_id, a.slug, p.pass, p.reason, p.since
    from billing_parked p left join billing_accounts a on a.tenant_id = p.tenant_id
   order by p.since desc, p.tenant_id limit ${limit}`;

export type RunRow = Row<
  'billing_runs',
  'id' | 'as_of' | 'host' | 'version' | 'started_at' | 'finished_at',
  { pass: ParkedRow['pass']; counts: Record<string, number> }
>;

/** Newest first, of one pass or of all; one row more than `limit`, which shows whether another page follows. */
export async function runPage(
  tx: Queryable,
  pass: string | undefined,
  before: string,
  limit: number,
): Promise<RunRow[]> {
  const rows = await readModels(tx, (models) =>
    models.billing_runs.findMany({
      where: { id: { lt: before }, ...(pass !== undefined && { pass }) },
      orderBy: { id: 'desc' },
      take: limit + 1,
    }),
  );
  return rows as RunRow[];
}
