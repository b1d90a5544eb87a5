import { Controller, Module } from '#platform/nest';
import { listAudit } from '#contracts/audit/operations';
import { type CallOf, Handle } from '#platform/http';
import { before, pageOf } from '#platform/paging';
import { entryPage } from './data/entries.js';

@Controller()
export class AuditController {
  @Handle(listAudit)
  async list(call: CallOf<typeof listAudit>) {
    const { tenant, cursor, limit } = call.query;
    const rows = await call.tx.query(entryPage(tenant, before(cursor), limit));
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
