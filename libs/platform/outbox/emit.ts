/**
 * Events are written in the transaction that makes them true. `emit` queues the event, and its row is sent in the same round
 * trip as COMMIT, so the outbox adds no round trip. `seq` is taken while the aggregate's row is still locked, so within one
 * aggregate it grows with the version.
 */
import type { EventContract, EventData } from '#contracts/event';
import { newId } from '#kernel';
import { type Queryable, type Sql, sql } from '#platform/database';

export const OUTBOX_SIGNAL = 'outbox';

/** What `emit` needs of a transaction. A tenant's transaction has all of it; for others see `onBehalfOf`. */
export interface EmittingTransaction extends Queryable {
  readonly actor: { readonly id: string };
  readonly tenant: string;
  readonly traceparent: string | undefined;
  atCommit(statement: () => Sql): void;
  signal(topic: string, tenant: string): void;
}

/**
 * Lets a transaction that spans tenants emit events for one of them. The commit then waits for the disk, even if the
 * transaction was begun as an asynchronous one: the relay may publish an event as soon as it is visible, so no crash may undo
 * it.
 */
export function onBehalfOf(
  tx: Pick<EmittingTransaction, 'query' | 'first' | 'execute' | 'atCommit' | 'signal'>,
  tenant: string,
  actor: string,
): EmittingTransaction {
  tx.atCommit(() => sql`set local synchronous_commit to default`);
  return {
    tenant,
    actor: { id: actor },
    traceparent: undefined,
    query: (statement) => tx.query(statement),
    first: (statement) => tx.first(statement),
    execute: (statement) => tx.execute(statement),
    atCommit: (statement) => tx.atCommit(statement),
    signal: (topic, name) => tx.signal(topic, name),
  };
}

export interface AggregateRef {
  readonly id: string;
  /** The version this change gave the aggregate, taken under its row lock. */
  readonly version: number;
}

interface QueuedEvent {
  readonly id: string;
  readonly contract: EventContract;
  readonly aggregate: AggregateRef;
  readonly data: unknown;
}

const queues = new WeakMap<EmittingTransaction, QueuedEvent[]>();

export function emit<Contract extends EventContract>(
  tx: EmittingTransaction,
  contract: Contract,
  aggregate: AggregateRef,
  data: EventData<Contract>,
): void {
  const event = { id: newId(), contract, aggregate, data: contract.data.parse(data) };
  const queue = queues.get(tx);
  if (queue) {
    queue.push(event);
    return;
  }
  const events = [event];
  queues.set(tx, events);
  tx.atCommit(() => insertEvents(tx, events));
  tx.signal(OUTBOX_SIGNAL, tx.tenant);
}

const DAY_MS = 86_400_000;
/** The last printed day. Events come by the thousand, and most of them have the same day. */
let printed = { day: NaN, text: '' };

/** The day under which an event is stored, as `YYYY-MM-DD`. It is read from the UUIDv7, so outbox and inbox always agree. */
export function eventDay(eventId: string): string {
  const milliseconds = Number.parseInt(eventId.slice(0, 8) + eventId.slice(9, 13), 16);
  const day = Math.floor(milliseconds / DAY_MS);
  if (day !== printed.day) printed = { day, text: new Date(milliseconds).toISOString().slice(0, 10) };
  return printed.text;
}

function insertEvents(tx: EmittingTransaction, events: readonly QueuedEvent[]): Sql {
  return sql`
    insert into outbox_events (recorded_on, tenant_id, id, type, schema_version, aggregate, aggregate_id,
                               aggregate_version, occurred_at, actor, traceparent, data)
    select e.recorded_on, ${tx.tenant}::uuid, e.id, e.type, e.schema_version, e.aggregate, e.aggregate_id,
           e.aggregate_version, app.now(), ${tx.actor.id}, ${tx.traceparent ?? null}, e.data::json
      from unnest(${events.map((event) => eventDay(event.id))}::date[],
                  ${events.map((event) => event.id)}::uuid[],
                  ${events.map((event) => event.contract.type)}::text[],
                  ${events.map((event) => event.contract.version)}::smallint[],
                  ${events.map((event) => event.contract.aggregate)}::text[],
                  ${events.map((event) => event.aggregate.id)}::uuid[],
                  ${events.map((event) => event.aggregate.version)}::int[],
                  ${events.map((event) => JSON.stringify(event.data))}::text[])
        with ordinality as e(recorded_on, id, type, schema_version, aggregate, aggregate_id, aggregate_version, data, position)
     order by e.position`;
}
