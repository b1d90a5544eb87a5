import { Controller, Module } from '#platform/nest';
import { getEntitlements, removeUsageCap, setUsageCap } from '#contracts/entitlements/operations';
import { type CallOf, Handle } from '#platform/http';
import { type CapRow, capView, currentLimits, limitView } from './data/limits.js';
import { setOwnCap } from './usecases/set-own-cap.js';

@Controller()
export class EntitlementsController {
  @Handle(getEntitlements)
  async list(call: CallOf<typeof getEntitlements>) {
    const rows = await call.database.read(call.scope, currentLimits());
    return { data: rows.map(limitView) };
  }

  @Handle(setUsageCap)
  async setCap(call: CallOf<typeof setUsageCap>) {
    return shown(await setOwnCap(call.tx, call.params.meter, call.body.cap));
  }

  @Handle(removeUsageCap)
  async removeCap(call: CallOf<typeof removeUsageCap>) {
    return shown(await setOwnCap(call.tx, call.params.meter, null));
  }
}

function shown(row: CapRow) {
  return { meter: row.meter, own_cap: capView(row) };
}

@Module({ controllers: [EntitlementsController] })
export class EntitlementsHttp {}
