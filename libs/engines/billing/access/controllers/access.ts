/** The operator’s changes to a tenant’s access and to the address of its notices. */
import { Controller } from '#platform/nest';
import {
  confirmClosing,
  extendGrace,
  holdAccount,
  nameBillingEmail,
  unholdAccount,
} from '#contracts/billing/operations';
import { type CallOf, Handle } from '#platform/http';
import { type Act, audited, type AuditedAction, nameEmail } from '../../accounts/index.js';
import { accessOverview } from '../data/access-overview.js';
import { confirmClosing as confirm, extendGrace as extend, liftHold, placeHold } from '../usecases/manage-access.js';
import { accessView } from '../view.js';

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
}

async function acted(call: Act, ...action: AuditedAction) {
  const { tenant, slug } = await audited(call, ...action);
  const accessRow = (await call.tx.first(accessOverview(tenant)))!;
  return { tenant_id: tenant, tenant: slug, ...accessView(accessRow) };
}
