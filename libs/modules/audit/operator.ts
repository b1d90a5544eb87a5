import { Controller, Module } from '@nestjs/common';
import { listAudit } from '#contracts/audit/operations';
import { type Row, sql } from '#platform/database';
import { type CallOf, Handle } from '#platform/http';
import { before, pageOf } from '#platform/paging';

type EntryRow = Row<
  'operator_audit_entries',
  'id' | 'at' | 'actor' | 'action' | 'tenant_id' | 'subject' | 'reason',
  { details: Record<string, unknown> }
>;

@Controller()
export class AuditController {
  @Handle(listAudit)
  async list(call: CallOf<typeof listAudit>) {
    const { tenant, cursor, limit } = call.query;
    const rows = await call.tx.query(sql<EntryRow>`
      select e.id, e.at, e.actor, e.action, e.tenant_id, e.subject, e.reason, e.details
        from operator_audit_entries e left join tenants t on t.id = e.tenant_id
       where e.id < ${before(cursor)} and (${tenant ?? null}::text is null or t.slug = ${tenant ?? null} or t.id::text = ${tenant ?? null})
       order by e.id desc limit ${limit + 1}`);
    return pageOf(
      rows,
      limit,
      (row) => row.id,
      (row) => ({ ...row, at: row.at.toISOString() }),
    );
  }
}

@Module({ controllers: [AuditController] })
export class AuditOperator {}
