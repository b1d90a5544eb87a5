/** What operators can see of the outbox and of the delivery to the consumers. */
import type { Envelope } from '#contracts/event';
import { errorTable } from '#kernel';
import { type Column, type Queryable, type Row, sql } from '#platform/database';
import { eventDay } from './emit.js';

export const outboxErrors = errorTable({
  event_not_found: ['not_found', 'There is no such event in the outbox.'],
});

export type EventRow = Row<
  'outbox_events',
  'id' | 'tenant_id' | 'type' | 'aggregate' | 'aggregate_id' | 'aggregate_version' | 'occurred_at' | 'actor' | 'seq'
>;

export interface EventFilter {
  readonly tenant?: string;
  readonly type?: string;
  readonly aggregateId?: string;
  /** Newest first, below this `seq`. */
  readonly before?: bigint;
  readonly limit?: number;
  /** How many days back to look; each day is a partition. */
  readonly days?: number;
}

export async function listEvents(tx: Queryable, filter: EventFilter = {}): Promise<EventRow[]> {
  const { tenant = null, type = null, aggregateId = null, before = null, limit = 100, days = 7 } = filter;
  return tx.query<EventRow>(sql<EventRow>`
    select id, tenant_id, type, aggregate, aggregate_id, aggregate_version, occurred_at, actor, seq
      from outbox_events
     where recorded_on > current_date - ${days}::int
       and (${tenant}::uuid is null or tenant_id = ${tenant}::uuid)
       and (${type}::text is null or type = ${type}::text)
       and (${aggregateId}::uuid is null or aggregate_id = ${aggregateId}::uuid)
       and (${before}::bigint is null or seq < ${before}::bigint)
     order by seq desc
     limit ${limit}`);
}

export type Delivery = Row<
  'inbox_events',
  'engine',
  { outcome: 'applied' | 'dropped' | 'deferred' | 'retrying' | 'dead' }
> & { at: Column<'inbox_events', 'recorded_at'> };

/** The event as CloudEvents JSON, and its outcome at each consumer that has received it. Throws `event_not_found`. */
export async function showEvent(tx: Queryable, id: string): Promise<{ envelope: Envelope; deliveries: Delivery[] }> {
  const row = await tx.first(sql<Row<'outbox_events', 'tenant_id'> & { envelope: string }>`
    select app.event_envelope(o) as envelope, tenant_id from outbox_events o where recorded_on = ${eventDay(id)}::date and id = ${id}`);
  if (!row) throw outboxErrors.event_not_found();
  const deliveries = await tx.query<Delivery>(sql<Delivery>`
    select engine, outcome, recorded_at as at from inbox_events
     where tenant_id = ${row.tenant_id} and event_id = ${id} and recorded_on = ${eventDay(id)}::date
    union all
    select engine, 'deferred', deferred_at from deferred_events where tenant_id = ${row.tenant_id} and event_id = ${id}
    union all
    select engine, state, last_failed_at from failed_events where tenant_id = ${row.tenant_id} and event_id = ${id}
     order by engine`);
  return { envelope: JSON.parse(row.envelope) as Envelope, deliveries };
}

export type RelayStatus = Row<'relay_leases', 'vertical' | 'holder'> & {
  /** The fencing token of the relay's lease. */
  epoch: Column<'relay_leases', 'epoch'>;
  is_alive: boolean;
  /** Committed events that the saved position does not include; counting stops at 10,000. */
  unpublished: number;
  unpublished_age_seconds: number;
};

export async function relayStatus(tx: Queryable): Promise<RelayStatus[]> {
  return tx.query<RelayStatus>(sql<RelayStatus>`
    select l.vertical, l.holder, l.epoch, l.expires_at > clock_timestamp() as is_alive,
           open.count as unpublished, open.age as unpublished_age_seconds
      from relay_leases l
      left join relay_positions p using (vertical)
     cross join lateral (
       select count(*)::int as count, coalesce(greatest(0, extract(epoch from app.now() - min(o.occurred_at))), 0)::float8 as age
         from (select occurred_at from outbox_events
                where xid >= pg_snapshot_xmin(coalesce(p.published, '3:3:')) and not pg_visible_in_snapshot(xid, coalesce(p.published, '3:3:'))
                limit 10000) o
     ) open
     order by l.vertical`);
}
