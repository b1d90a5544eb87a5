/** What only the operator reads: plans with who is on them, the passes' runs, whom they leave out, and months of invoices. */
import { type Column, type Row, type Sql, sql } from '#platform/database';

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

export const runRows = (pass: string | undefined, before: string, limit: number): Sql<RunRow> => sql<RunRow>`
  select id, pass, as_of, host, version, started_at, finished_at, counts from billing_runs
   where id < ${before}::uuid and (${pass ?? null}::text is null or pass = ${pass ?? null}::text)
   order by id desc limit ${limit + 1}`;
