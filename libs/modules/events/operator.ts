/** The operator's routes to events and dead letters. A decision is recorded here; the worker carries it out. */
import { Controller, Module } from '#platform/nest';
import {
  dropDeadLetter,
  listDeadLetters,
  listEngines,
  listEvents,
  replayDeadLetter,
  showEvent,
} from '#contracts/events/operations';
import { recordAct } from '#platform/audit';
import { requireTenant } from '#modules/tenancy';
import { type CallOf, Handle } from '#platform/http';
import {
  dropDeadLetter as drop,
  consumerStatus,
  listDeadLetters as deadLetters,
  replayDeadLetter as replay,
} from '#platform/inbox/operator';
import { listEvents as events, showEvent as oneEvent } from '#platform/outbox/operator';

type Decision = CallOf<typeof replayDeadLetter>;

@Controller()
export class EventsController {
  @Handle(listEvents)
  async list(call: CallOf<typeof listEvents>) {
    const { tenant, type, aggregate_id, days, limit } = call.query;
    const rows = await events(call.tx, {
      days,
      limit,
      ...(tenant ? { tenant: (await requireTenant(call.tx, tenant)).id } : {}),
      ...(type ? { type } : {}),
      ...(aggregate_id ? { aggregateId: aggregate_id } : {}),
    });
    const data = rows.map(({ seq: _, occurred_at, ...row }) => ({ ...row, occurred_at: occurred_at.toISOString() }));
    return { data, next_cursor: null };
  }

  @Handle(showEvent)
  async show(call: CallOf<typeof showEvent>) {
    const { envelope, deliveries } = await oneEvent(call.tx, call.params.id);
    return {
      envelope: { ...envelope },
      deliveries: deliveries.map((delivery) => ({ ...delivery, at: delivery.at.toISOString() })),
    };
  }

  @Handle(listDeadLetters)
  async deadLetters(call: CallOf<typeof listDeadLetters>) {
    const { state, engine, tenant, limit } = call.query;
    const rows = await deadLetters(call.tx, {
      limit,
      ...(state ? { state } : {}),
      ...(engine ? { engine } : {}),
      ...(tenant ? { tenant: (await requireTenant(call.tx, tenant)).id } : {}),
    });
    const data = rows.map(({ last_failed_at: _, ...row }) => ({
      ...row,
      first_failed_at: row.first_failed_at.toISOString(),
      next_attempt_at: row.next_attempt_at?.toISOString() ?? null,
    }));
    return { data, next_cursor: null };
  }

  @Handle(replayDeadLetter)
  async replay(call: Decision) {
    const key = await keyOf(call);
    await replay(call.tx, key, call.principal.actor);
    return this.decided(call, key, 'replay');
  }

  @Handle(dropDeadLetter)
  async drop(call: Decision) {
    const key = await keyOf(call);
    await drop(call.tx, key, call.principal.actor);
    return this.decided(call, key, 'drop');
  }

  @Handle(listEngines)
  async engines(call: CallOf<typeof listEngines>) {
    return { data: await consumerStatus(call.tx), next_cursor: null };
  }

  private async decided(call: Decision, key: DeadLetterKey, decision: 'replay' | 'drop') {
    await recordAct(call.tx, {
      actor: call.principal.actor,
      action: `dead_letter.${decision}`,
      tenant: key.tenant_id,
      subject: `${key.engine}/${key.event_id}`,
      reason: call.body.reason,
    });
    return { decision };
  }
}

@Module({ controllers: [EventsController] })
export class EventsOperator {}

type DeadLetterKey = Awaited<ReturnType<typeof keyOf>>;

async function keyOf(call: Decision) {
  const { tenant, engine, event } = call.params;
  return { tenant_id: (await requireTenant(call.tx, tenant)).id, engine, event_id: event };
}
