import { type Row, type Sql, sql } from '#platform/database';

export type EntryRow = Row<
  'operator_audit_entries',
  'id' | 'at' | 'actor' | 'action' | 'tenant_id' | 'subject' | 'reason',
  { details: Record<string, unknown> }
>;

/** Newest first; one row more than `limit`. `tenant` is a slug or an id. */
export const entryPage = (tenant: string | undefined, beforeId: string, limit: number): Sql<EntryRow> => sql`
  select id, at, actor, action, tenant_id, subject, reason, details
    from operator_audit_entries
   where id < ${beforeId}
     and (${tenant ?? null}::text is null or tenant_id = (select t.id from app.find_tenant(${tenant ?? null}) t))
   order by id desc limit ${limit + 1}`;
