/** The operator's routes for the runs of the passes and the parked tenants. */
import { Controller } from '#platform/nest';
import { listBillingRuns, listParked, releaseParked } from '#contracts/billing/operations';
import { recordAct } from '#platform/audit';
import { type CallOf, Handle } from '#platform/http';
import { before, pageOf } from '#platform/paging';
import { instantText, tenantNamed } from '../../accounts/index.js';
import { parkedRows, runPage } from '../data/run-rows.js';
import { releaseParked as release } from '../usecases/release-parked.js';

@Controller()
export class PassesController {
  @Handle(listParked)
  async parked(call: CallOf<typeof listParked>) {
    const rows = await call.tx.query(parkedRows(call.query.limit));
    const data = rows.map(({ slug, since, ...row }) => ({ ...row, tenant: slug, since: since.toISOString() }));
    return { data, next_cursor: null };
  }

  @Handle(releaseParked)
  async release(call: CallOf<typeof releaseParked>) {
    const { tx, body } = call;
    const { actor } = call.principal;
    const { tenant, slug } = await tenantNamed(tx, call.params.tenant);
    const released = await release(tx, { tenant, pass: body.pass });
    const act = { actor, action: 'billing.release', tenant, subject: slug, reason: body.reason };
    await recordAct(tx, { ...act, details: { passes: released } });
    return { tenant_id: tenant, released };
  }

  @Handle(listBillingRuns)
  async runs(call: CallOf<typeof listBillingRuns>) {
    const { pass, cursor, limit } = call.query;
    const rows = await runPage(call.tx, pass, before(cursor), limit);
    return pageOf(
      rows,
      limit,
      ({ id }) => id,
      (row) => ({
        ...row,
        as_of: row.as_of.toISOString(),
        started_at: row.started_at.toISOString(),
        finished_at: instantText(row.finished_at),
      }),
    );
  }
}
