/**
 * What operators can see and decide about events that consumers have refused. A decision is only recorded here. The worker that
 * holds the lease carries it out, so that only this worker moves the gate. It checks for decisions every half second.
 */
import { errorTable } from '#kernel';
import { type Queryable, type Row, sql } from '#platform/database';

export const deadLetterErrors = errorTable({
  dead_letter_not_found: ['not_found', 'There is no such failed event.'],
  dead_letter_decided: ['conflict', 'A decision about this event is already being carried out.'],
});

/** The key of a failed event: tenant, consumer (the column `engine`) and event. */
export type DeadLetterKey = Readonly<Row<'failed_events', 'tenant_id' | 'engine' | 'event_id'>>;

export type DeadLetter = DeadLetterKey &
  Readonly<
    Row<
      'failed_events',
      | 'type'
      | 'aggregate'
      | 'aggregate_id'
      | 'aggregate_version'
      | 'attempts'
      | 'error'
      | 'first_failed_at'
      | 'last_failed_at'
      | 'next_attempt_at',
      { state: 'retrying' | 'dead'; decision: 'replay' | 'drop' | null }
    >
  > & {
    /** Later events of the same aggregate that wait behind it. */
    readonly waiting: number;
  };

export interface DeadLetterFilter {
  readonly state?: 'retrying' | 'dead';
  readonly engine?: string;
  readonly tenant?: string;
  /** Oldest first, after this event. */
  readonly after?: { readonly first_failed_at: Date; readonly event_id: string };
  readonly limit?: number;
}

export async function listDeadLetters(tx: Queryable, filter: DeadLetterFilter = {}): Promise<DeadLetter[]> {
  const { state = null, engine = null, tenant = null, after, limit = 100 } = filter;
  return tx.query<DeadLetter>(sql<DeadLetter>`
    select f.tenant_id, f.engine, f.event_id, f.type, f.aggregate, f.aggregate_id, f.aggregate_version, f.state, f.attempts, f.error,
           f.first_failed_at, f.last_failed_at, f.next_attempt_at, f.decision,
           (select count(*)::int from deferred_events d
             where d.tenant_id = f.tenant_id and d.engine = f.engine and d.aggregate_id = f.aggregate_id and d.aggregate = f.aggregate) as waiting
      from failed_events f
     where (${state}::text is null or f.state = ${state}::text)
       and (${engine}::text is null or f.engine = ${engine}::text)
       and (${tenant}::uuid is null or f.tenant_id = ${tenant}::uuid)
       and (f.first_failed_at, f.event_id) > (coalesce(${after?.first_failed_at ?? null}::timestamptz, '-infinity'), ${after?.event_id ?? NO_EVENT}::uuid)
     order by f.first_failed_at, f.event_id
     limit ${limit}`);
}

type DeadLetterWithBody = DeadLetter & Readonly<Row<'failed_events', 'body'>>;

/** With the body: the event as CloudEvents JSON. */
export async function findDeadLetter(tx: Queryable, key: DeadLetterKey): Promise<DeadLetterWithBody> {
  const found = await tx.first(sql<DeadLetterWithBody>`
    select f.tenant_id, f.engine, f.event_id, f.type, f.aggregate, f.aggregate_id, f.aggregate_version, f.state, f.attempts, f.error,
           f.first_failed_at, f.last_failed_at, f.next_attempt_at, f.decision, f.body,
           (select count(*)::int from deferred_events d
             where d.tenant_id = f.tenant_id and d.engine = f.engine and d.aggregate_id = f.aggregate_id and d.aggregate = f.aggregate) as waiting
      from failed_events f
     where f.tenant_id = ${key.tenant_id} and f.engine = ${key.engine} and f.event_id = ${key.event_id}`);
  if (!found) throw deadLetterErrors.dead_letter_not_found();
  return found;
}

/** Tries the event again at once, with the full number of attempts. The events that wait behind it follow. */
export async function replayDeadLetter(tx: Queryable, key: DeadLetterKey, by: string): Promise<void> {
  await decide(tx, key, 'replay', by);
}

/** Drops the event: it is recorded as dropped and has no effect, and its aggregate continues. */
export async function dropDeadLetter(tx: Queryable, key: DeadLetterKey, by: string): Promise<void> {
  await decide(tx, key, 'drop', by);
}

export type ConsumerStatus = Row<'consumer_leases', 'engine'> & {
  workers: number;
  partitions: number;
  unowned: number;
  dead: number;
  retrying: number;
  deferred: number;
};

/** The workers and partitions of each consumer, and its failed and deferred events. */
export async function consumerStatus(tx: Queryable): Promise<ConsumerStatus[]> {
  return tx.query<ConsumerStatus>(sql<ConsumerStatus>`
    select l.engine, count(distinct l.holder) filter (where l.expires_at > clock_timestamp())::int as workers,
           count(*)::int as partitions,
           count(*) filter (where l.holder is null or l.expires_at <= clock_timestamp())::int as unowned,
           (select count(*)::int from failed_events f where f.engine = l.engine and f.state = 'dead') as dead,
           (select count(*)::int from failed_events f where f.engine = l.engine and f.state = 'retrying') as retrying,
           (select count(*)::int from deferred_events d where d.engine = l.engine) as deferred
      from consumer_leases l
     group by l.engine
     order by l.engine`);
}

/** The events that an engine refused: those that are given up, and those that it still tries again. */
export async function countFailedEvents(tx: Queryable): Promise<{ dead: number; retrying: number }> {
  const row = await tx.first(sql<{ dead: number; retrying: number }>`
    select count(*) filter (where state = 'dead')::int as dead, count(*) filter (where state = 'retrying')::int as retrying
      from failed_events`);
  return row!;
}

/** Below every other UUID. */
const NO_EVENT = '00000000-0000-0000-0000-000000000000';

async function decide(tx: Queryable, key: DeadLetterKey, decision: 'replay' | 'drop', by: string): Promise<void> {
  const decided = await tx.execute(sql`
    update failed_events set decision = ${decision}, decided_by = ${by}, next_attempt_at = clock_timestamp()
     where tenant_id = ${key.tenant_id} and engine = ${key.engine} and event_id = ${key.event_id} and decision is null`);
  if (decided === 1) return;
  await findDeadLetter(tx, key);
  throw deadLetterErrors.dead_letter_decided();
}
