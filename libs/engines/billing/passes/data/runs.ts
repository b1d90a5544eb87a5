/** The record of passes: when each ran, its `asOf` and its counts; also the parked tenants. */
import { hostname } from 'node:os';
import { newId } from '#kernel';
import { json, type Queryable, type Row, sql } from '#platform/database';
import type { CrossTenantDatabase } from '#platform/database/crossing';
import { errors } from '../../errors.js';
import { RELEASE } from './release.js';

export type PassName = 'billing-overage' | 'billing-grace' | 'billing-reconcile';

export interface Run {
  readonly id: string;
  readonly asOf: Date;
}

/**
 * Decides the instant that a pass works for. A future instant would bill usage that has not happened. An instant before the
 * newest finished run would change no row, because of the rules of the rows, and is most likely a typing mistake.
 */
export async function beginRun(
  database: CrossTenantDatabase,
  pass: PassName,
  wanted: Date | undefined,
  { isDryRun, isReplayForced }: { readonly isDryRun: boolean; readonly isReplayForced: boolean },
): Promise<Run> {
  const row = (await database.first<{ now: Date; newest: Date | null }>(sql`
    select date_trunc('milliseconds', app.now()) as now,
           (select max(as_of) from billing_runs where pass = ${pass} and finished_at is not null) as newest`))!;
  const asOf = wanted ?? row.now;
  if (asOf > row.now) throw errors.as_of_in_the_future({ details: { as_of: asOf.toISOString() } });
  if (row.newest && asOf < row.newest && !isReplayForced)
    throw errors.as_of_before_last_run({ details: { as_of: asOf.toISOString(), last: row.newest.toISOString() } });
  const id = newId();
  if (!isDryRun)
    await database.execute(sql`
      insert into billing_runs (id, pass, as_of, host, version, started_at)
      values (${id}, ${pass}, ${asOf}, ${hostname()}, ${RELEASE}, app.now())`);
  return { id, asOf };
}

export async function finishRun(database: CrossTenantDatabase, run: Run, counts: Readonly<Record<string, number>>) {
  await database.execute(sql`
    update billing_runs set finished_at = app.now(), counts = ${json(counts)} where id = ${run.id}`);
}

export async function park(database: CrossTenantDatabase, tenant: string, pass: PassName, reason: string) {
  await database.execute(sql`
    insert into billing_parked (tenant_id, pass, reason, since) values (${tenant}, ${pass}, ${reason.slice(0, 2_000)}, app.now())
    on conflict do nothing`);
}

/** Subscriptions with work to do at `asOf`, a page at a time in the order of tenants. */
export function dueSubscriptions(
  database: Queryable,
  asOf: Date,
  after: string,
  limit: number,
  tenant: string | undefined,
): Promise<{ tenant_id: string; id: string }[]> {
  return database.query(sql<Row<'billing_subscriptions', 'tenant_id' | 'id'>>`
    select s.tenant_id, s.id from billing_subscriptions s
     where s.due_at <= ${asOf} and s.tenant_id > ${after}::uuid and (${tenant ?? null}::uuid is null or s.tenant_id = ${tenant ?? null}::uuid)
       and not exists (select from billing_parked p where p.tenant_id = s.tenant_id and p.pass = 'billing-overage')
     order by s.tenant_id limit ${limit}`);
}

/** Tenants with limited access or with a debt that is due. */
export async function tenantsToDecide(database: Queryable, asOf: Date, tenant: string | undefined): Promise<string[]> {
  const rows = await database.query<{ tenant_id: string }>(sql`
    select c.tenant_id from (
      select tenant_id from billing_accounts where access_state in ('trialing', 'grace', 'suspended')
      union
      select tenant_id from billing_invoices where status = 'issued' and due_at <= ${asOf}
    ) c
     where (${tenant ?? null}::uuid is null or c.tenant_id = ${tenant ?? null}::uuid)
       and not exists (select from billing_parked p where p.tenant_id = c.tenant_id and p.pass = 'billing-grace')
     order by c.tenant_id`);
  return rows.map((row) => row.tenant_id);
}
