/** The operator's routes to the recovery fence. Both decisions are recorded in the audit with their reason. */
import { Controller, Module } from '#platform/nest';
import { confirmRecovery, fenceRecovery, showRecovery } from '#contracts/recovery/operations';
import { recordAct } from '#platform/audit';
import { type CallOf, Handle } from '#platform/http';
import { confirmEpoch, fenceDatabase, type RecoveryStatus, recoveryStatus } from '#platform/recovery';

type Decision = CallOf<typeof fenceRecovery>;

@Controller()
export class RecoveryController {
  @Handle(showRecovery)
  async show(call: CallOf<typeof showRecovery>) {
    return view(await recoveryStatus(call.tx));
  }

  @Handle(fenceRecovery)
  async fence(call: CallOf<typeof fenceRecovery>) {
    return decided(call, 'recovery.fence', await fenceDatabase(call.tx, call.principal.actor, call.body.reason));
  }

  @Handle(confirmRecovery)
  async confirm(call: CallOf<typeof confirmRecovery>) {
    const { fenced_because } = await recoveryStatus(call.tx);
    const opened = await confirmEpoch(call.tx, call.principal.actor);
    return decided(call, 'recovery.confirm', opened, { fenced_because });
  }
}

async function decided(call: Decision, action: string, status: RecoveryStatus, details: Record<string, unknown> = {}) {
  const { actor } = call.principal;
  const subject = `epoch ${status.epoch}`;
  await recordAct(call.tx, { actor, action, tenant: null, subject, reason: call.body.reason, details });
  return view(status);
}

function view({ epoch, opened_at, fenced_at, ...status }: RecoveryStatus) {
  return {
    ...status,
    epoch: Number(epoch),
    opened_at: opened_at.toISOString(),
    fenced_at: fenced_at?.toISOString() ?? null,
  };
}

@Module({ controllers: [RecoveryController] })
export class RecoveryOperator {}
