/** Access as the operator may touch it, and the passes with whom they leave out. */
import { Controller } from '@nestjs/common';
import {
  confirmClosing,
  extendGrace,
  holdAccount,
  listBillingRuns,
  listParked,
  listUnbilledUsage,
  nameBillingEmail,
  releaseParked,
  unholdAccount,
} from '#contracts/billing/operations';
import { recordAct } from '#platform/audit';
import { type CallOf, Handle } from '#platform/http';
import { before, pageOf } from '#platform/paging';
import { parkedRows, runRows, tenantNamed, unbilledUsage } from '../../passes/data/desk.js';
import { standingOf } from '../../invoicing/data/lists.js';
import {
  confirmClosing as confirm,
  extendGrace as extend,
  liftHold,
  nameEmail,
  placeHold,
} from '../usecases/manage-access.js';
import { releaseParked as release } from '../../passes/usecases/release-parked.js';
import { accessView, instantText, periodView } from '../../view.js';
import { type Act, audited, type Deed } from '../../accounts/controllers/audited.js';

@Controller()
export class BillingAccessController {
  @Handle(extendGrace)
  extend(call: CallOf<typeof extendGrace>) {
    const { until } = call.body;
    return acted(call, 'access.extend', { until }, (tenant, actor) => extend(call.tx, actor, { tenant, until }));
  }

  @Handle(nameBillingEmail)
  nameEmail(call: CallOf<typeof nameBillingEmail>) {
    const { email } = call.body;
    return acted(call, 'billing.set_email', { email }, (tenant) => nameEmail(call.tx, { tenant, email }));
  }

  @Handle(holdAccount)
  hold(call: CallOf<typeof holdAccount>) {
    const { cause, reason } = call.body;
    return acted(call, 'access.hold', { cause }, (tenant, actor) =>
      placeHold(call.tx, actor, { tenant, cause, reason }),
    );
  }

  @Handle(unholdAccount)
  unhold(call: CallOf<typeof unholdAccount>) {
    const { cause } = call.body;
    return acted(call, 'access.unhold', { cause }, (tenant, actor) => liftHold(call.tx, actor, { tenant, cause }));
  }

  @Handle(confirmClosing)
  confirm(call: CallOf<typeof confirmClosing>) {
    return acted(call, 'access.confirm_closing', {}, (tenant) => confirm(call.tx, tenant));
  }

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

  @Handle(listUnbilledUsage)
  async unbilled(call: CallOf<typeof listUnbilledUsage>) {
    const { tenant: name, limit } = call.query;
    const tenant = name === undefined ? null : (await tenantNamed(call.tx, name)).tenant;
    const rows = await call.tx.query(unbilledUsage(tenant, limit));
    const data = rows.map((row) => ({
      tenant_id: row.tenant_id,
      tenant: row.slug,
      period: periodView({ seq: row.seq, startsAt: row.starts_at, endsAt: row.ends_at }),
      meter: row.meter,
      events: Number(row.events),
      quantity: row.quantity,
      received_first_at: row.received_first_at.toISOString(),
      received_last_at: row.received_last_at.toISOString(),
    }));
    return { data, next_cursor: null };
  }

  @Handle(listBillingRuns)
  async runs(call: CallOf<typeof listBillingRuns>) {
    const { pass, cursor, limit } = call.query;
    const rows = await call.tx.query(runRows(pass, before(cursor), limit));
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

async function acted(call: Act, ...deed: Deed) {
  const { tenant, slug } = await audited(call, ...deed);
  const standing = (await call.tx.first(standingOf(tenant)))!;
  return { tenant_id: tenant, tenant: slug, ...accessView(standing) };
}
