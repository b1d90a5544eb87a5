/**
 * The worker's statements on gate, inbox, deferred and failed events. All run in a batch transaction under its leases. The
 * column `engine` holds the name of the consumer.
 */
import type { Envelope } from '#contracts/event';
import { type Row, type Sql, sql } from '#platform/database';
import { eventDay } from '#platform/outbox';
import type { Arrival } from './event.js';
import type { Place } from './gate.js';

/** The aggregates of a statement, as columns for unnest. */
export interface AggregateColumns {
  readonly tenants: string[];
  readonly ids: string[];
  readonly kinds: string[];
}

export function columnsOf(events: readonly Arrival[]): AggregateColumns {
  return {
    tenants: events.map((event) => event.tenant),
    ids: events.map((event) => event.aggregateId),
    kinds: events.map((event) => event.aggregate),
  };
}

/** One row per lease that this worker still holds. Locks the rows against a takeover until the batch has committed. */
export function leaseCheck(
  engine: string,
  holder: string,
  partitions: readonly number[],
  tokens: readonly number[],
): Sql<Row<'consumer_leases', 'partition'>> {
  return sql`
    select l.partition
      from unnest(${partitions}::int[], ${tokens}::bigint[]) as mine(partition, epoch)
      join consumer_leases l on l.engine = ${engine} and l.partition = mine.partition and l.epoch = mine.epoch and l.holder = ${holder}
     order by l.partition
       for key share of l`;
}

export type PlaceRow = Row<'engine_versions', 'version' | 'waiting' | 'is_parked'> & { ordinal: bigint };

export function placesOf(engine: string, { tenants, ids, kinds }: AggregateColumns): Sql<PlaceRow> {
  return sql<PlaceRow>`
    select k.ordinal, v.version, v.waiting, v.is_parked
      from unnest(${tenants}::uuid[], ${ids}::uuid[], ${kinds}::text[]) with ordinality as k(tenant_id, aggregate_id, aggregate, ordinal)
     cross join lateral (select version, waiting, is_parked
                           from engine_versions e
                          where e.tenant_id = k.tenant_id and e.engine = ${engine}
                            and e.aggregate_id = k.aggregate_id and e.aggregate = k.aggregate
                          limit 1) v`;
}

/** Fails for an event that is already recorded: the gate has let it through, so gate and inbox disagree. */
export function recordInbox(
  engine: string,
  events: readonly Arrival[],
  outcome: 'applied' | 'dropped' = 'applied',
): Sql {
  return sql`
    insert into inbox_events (recorded_on, tenant_id, engine, event_id, outcome)
    select e.recorded_on, e.tenant_id, ${engine}, e.event_id, ${outcome}
      from unnest(${events.map((event) => eventDay(event.envelope.id))}::date[],
                  ${events.map((event) => event.tenant)}::uuid[],
                  ${events.map((event) => event.envelope.id)}::uuid[]) as e(recorded_on, tenant_id, event_id)`;
}

/** Those of these events that are in the inbox. */
export function recordedAmong(engine: string, events: readonly Arrival[]): Sql<Row<'inbox_events', 'event_id'>> {
  return sql`
    select i.event_id
      from unnest(${events.map((event) => eventDay(event.envelope.id))}::date[],
                  ${events.map((event) => event.tenant)}::uuid[],
                  ${events.map((event) => event.envelope.id)}::uuid[]) as e(recorded_on, tenant_id, event_id)
      join inbox_events i on i.tenant_id = e.tenant_id and i.engine = ${engine} and i.event_id = e.event_id and i.recorded_on = e.recorded_on`;
}

/** Moves the gate. If events may wait, their lowest version is read after deferred_events has been changed. */
export function moveGate(engine: string, heads: readonly Arrival[], places: readonly Place[]): Sql {
  const { tenants, ids, kinds } = columnsOf(heads);
  return sql`
    insert into engine_versions as v (tenant_id, engine, aggregate_id, aggregate, version, waiting, is_parked)
    select k.tenant_id, ${engine}, k.aggregate_id, k.aggregate, k.version,
           case when k.may_wait then (select min(d.aggregate_version) from deferred_events d
                                       where d.tenant_id = k.tenant_id and d.engine = ${engine} and d.aggregate_id = k.aggregate_id
                                         and d.aggregate = k.aggregate and d.aggregate_version > k.version) end,
           k.is_parked
      from unnest(${tenants}::uuid[], ${ids}::uuid[], ${kinds}::text[],
                  ${places.map((place) => place.version)}::int[],
                  ${places.map((place) => place.waiting !== undefined)}::boolean[],
                  ${places.map((place) => place.isParked)}::boolean[]) as k(tenant_id, aggregate_id, aggregate, version, may_wait, is_parked)
    on conflict (tenant_id, engine, aggregate_id, aggregate) do update
       set version = excluded.version, waiting = excluded.waiting, is_parked = excluded.is_parked`;
}

export function defer(engine: string, events: readonly Arrival[]): Sql {
  const { tenants, ids, kinds } = columnsOf(events);
  return sql`
    insert into deferred_events (tenant_id, engine, aggregate_id, aggregate, aggregate_version, event_id, body)
    select e.tenant_id, ${engine}, e.aggregate_id, e.aggregate, e.version, e.event_id, e.body
      from unnest(${tenants}::uuid[], ${ids}::uuid[], ${kinds}::text[],
                  ${events.map((event) => event.version)}::int[],
                  ${events.map((event) => event.envelope.id)}::uuid[],
                  ${events.map((event) => JSON.stringify(event.envelope))}::text[]) as e(tenant_id, aggregate_id, aggregate, version, event_id, body)
    on conflict do nothing`;
}

/** Removes the deferred events up to the gate's version. */
export function undefer(engine: string, heads: readonly Arrival[], places: readonly Place[]): Sql {
  const { tenants, ids, kinds } = columnsOf(heads);
  return sql`
    delete from deferred_events d
     using unnest(${tenants}::uuid[], ${ids}::uuid[], ${kinds}::text[], ${places.map((place) => place.version)}::int[])
           as k(tenant_id, aggregate_id, aggregate, version)
     where d.tenant_id = k.tenant_id and d.engine = ${engine} and d.aggregate_id = k.aggregate_id and d.aggregate = k.aggregate
       and d.aggregate_version <= k.version`;
}

export type BodyRow = Row<'deferred_events', 'body'>;

/** The deferred events of these aggregates, each aggregate in version order. */
export function deferredOf(engine: string, { tenants, ids, kinds }: AggregateColumns): Sql<BodyRow> {
  return sql<BodyRow>`
    select d.body
      from unnest(${tenants}::uuid[], ${ids}::uuid[], ${kinds}::text[]) with ordinality as k(tenant_id, aggregate_id, aggregate, ordinal)
      join deferred_events d on d.tenant_id = k.tenant_id and d.engine = ${engine}
                            and d.aggregate_id = k.aggregate_id and d.aggregate = k.aggregate
     order by k.ordinal, d.aggregate_version
     limit 5000`;
}

export type FailedRow = Row<'failed_events', 'body' | 'attempts', { decision: 'replay' | 'drop' | null }>;

/** Failed events that are due, in the partitions that this worker holds. */
export function dueFailures(
  engine: string,
  held: readonly number[],
  partitions: number,
  limit: number,
): Sql<FailedRow> {
  return sql<FailedRow>`
    select body, attempts, decision from failed_events
     where engine = ${engine} and next_attempt_at <= clock_timestamp()
       and app.event_partition(tenant_id, aggregate_id, ${partitions}) = any(${held}::int[])
     order by next_attempt_at limit ${limit}`;
}

export interface NewFailure {
  readonly attempts: number;
  readonly state: 'retrying' | 'dead';
  readonly delayMs: number | null;
  readonly error: string;
}

export function recordFailure(engine: string, event: Arrival, failure: NewFailure): Sql {
  return sql`
    insert into failed_events as f (tenant_id, engine, aggregate_id, aggregate, aggregate_version, event_id, type, body,
                                    state, attempts, error, next_attempt_at)
    values (${event.tenant}, ${engine}, ${event.aggregateId}, ${event.aggregate}, ${event.version}, ${event.envelope.id},
            ${event.envelope.type}, ${JSON.stringify(event.envelope)}, ${failure.state}, ${failure.attempts}, ${failure.error},
            clock_timestamp() + ${failure.delayMs}::float8 * interval '1 millisecond')
    on conflict (tenant_id, engine, aggregate_id, aggregate, aggregate_version) do update
       set state = excluded.state, attempts = excluded.attempts, error = excluded.error, last_failed_at = clock_timestamp(),
           next_attempt_at = excluded.next_attempt_at, decision = null`;
}

export function forgetFailure(engine: string, event: Arrival): Sql {
  return sql`
    delete from failed_events
     where tenant_id = ${event.tenant} and engine = ${engine} and aggregate_id = ${event.aggregateId}
       and aggregate = ${event.aggregate} and aggregate_version = ${event.version}`;
}

/**
 * Whether failed events are due and whether any event is deferred. This check comes before the search for gaps among deferred
 * events, because merely planning that search takes milliseconds with hundreds of daily partitions.
 */
export function waiting(
  engine: string,
  held: readonly number[],
  partitions: number,
): Sql<{ failed: boolean; deferred: boolean }> {
  return sql<{ failed: boolean; deferred: boolean }>`
    select exists (select from failed_events
                    where engine = ${engine} and next_attempt_at <= clock_timestamp()
                      and app.event_partition(tenant_id, aggregate_id, ${partitions}) = any(${held}::int[])) as failed,
           exists (select from deferred_events where engine = ${engine}) as deferred`;
}

/**
 * Aggregates whose next version is neither here nor in the outbox, because retention has removed it. An event takes its
 * version under its aggregate's row lock, so every earlier version was visible before a later one: a missing version is
 * removed, not late.
 */
export function orphanedGaps(engine: string, held: readonly number[], partitions: number): Sql<BodyRow> {
  return sql<BodyRow>`
    select d.body
      from (select tenant_id, aggregate_id, aggregate, min(aggregate_version) as first
              from deferred_events where engine = ${engine} group by tenant_id, aggregate_id, aggregate) gap
      join deferred_events d on d.tenant_id = gap.tenant_id and d.engine = ${engine} and d.aggregate_id = gap.aggregate_id
                            and d.aggregate = gap.aggregate and d.aggregate_version = gap.first
      join engine_versions v on v.tenant_id = gap.tenant_id and v.engine = ${engine} and v.aggregate_id = gap.aggregate_id
                            and v.aggregate = gap.aggregate and not v.is_parked
     where app.event_partition(gap.tenant_id, gap.aggregate_id, ${partitions}) = any(${held}::int[])
       and not exists (select from outbox_events o
                        where o.tenant_id = gap.tenant_id and o.aggregate = gap.aggregate and o.aggregate_id = gap.aggregate_id
                          and o.aggregate_version > v.version and o.aggregate_version < gap.first)
     limit 1000`;
}

/** Moves the gate to just before the given versions, and records this as the baseline. */
export function setBaseline(engine: string, heads: readonly Arrival[]): Sql {
  const { tenants, ids, kinds } = columnsOf(heads);
  return sql`
    update engine_versions v set version = k.version, baseline = k.version
      from unnest(${tenants}::uuid[], ${ids}::uuid[], ${kinds}::text[], ${heads.map((head) => head.version - 1)}::int[])
           as k(tenant_id, aggregate_id, aggregate, version)
     where v.tenant_id = k.tenant_id and v.engine = ${engine} and v.aggregate_id = k.aggregate_id and v.aggregate = k.aggregate
       and v.version < k.version`;
}

export function envelopeOf(row: BodyRow): Envelope {
  return JSON.parse(row.body) as Envelope;
}
