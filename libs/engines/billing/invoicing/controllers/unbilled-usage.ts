/** The operator's list of usage that came too late to be billed by a pass. */
import { Controller } from '#platform/nest';
import { listUnbilledUsage } from '#contracts/billing/operations';
import { type CallOf, Handle } from '#platform/http';
import { tenantNamed } from '../../accounts/index.js';
import { periodView } from '../../plans/index.js';
import { unbilledUsage } from '../data/unbilled-usage.js';

@Controller()
export class UnbilledUsageController {
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
}
