/** The events that became visible for a tenant between two snapshots, in chunks. */
import { type Sql, sql, type TenantDatabase, type TenantScope } from '#platform/database';
import type { Position } from './position.js';

export interface LiveEvent {
  readonly type: string;
  readonly subject: string;
  readonly version: number;
  readonly time: string;
}

export interface Chunk {
  readonly events: readonly (LiveEvent & { readonly at: Position })[];
  /** The position after this chunk. */
  readonly next: Position;
  readonly isLast: boolean;
}

/** The database is older than the position: it was restored from a backup. */
export class PositionAhead extends Error {}

const CHUNK = 500;

interface Row {
  readonly until: string;
  readonly is_ahead: boolean;
  readonly events: readonly (LiveEvent & { readonly seq: string })[];
}

export function nowIn(): Sql<{ snapshot: string }> {
  return sql<{ snapshot: string }>`select pg_current_snapshot()::text as snapshot`;
}

/** The next chunk after `from`, up to the snapshot `limit`, or up to now when `limit` is null. Throws `PositionAhead`. */
export async function chunkAfter(
  database: TenantDatabase,
  scope: TenantScope,
  from: Position,
  limit: string | null,
): Promise<Chunk> {
  const { read, within } = from;
  const [row] = await database.read(scope, windowOf(read, within?.until ?? limit, within?.seq ?? '-1'));
  const { until, events, is_ahead: isAhead } = row!;
  if (isAhead) throw new PositionAhead();
  const isWhole = events.length < CHUNK;
  const placed = events.map(({ seq, ...event }, index) => ({
    ...event,
    at: isWhole && index === events.length - 1 ? { read: until } : { read, within: { until, seq } },
  }));
  const next = isWhole ? { read: until } : placed.at(-1)!.at;
  return { events: placed, next, isLast: isWhole && within === undefined };
}

/**
 * One round trip returns the snapshot and its events. The statement reads only the days that a position may reach back to, and
 * one day more, in case a writer's clock is wrong.
 */
function windowOf(read: string, until: string | null, after: string): Sql<Row> {
  return sql<Row>`
    with until as materialized (select coalesce(${until}::pg_snapshot, pg_current_snapshot()) as snapshot)
    select until.snapshot::text as until,
           pg_snapshot_xmax(${read}::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot()) as is_ahead,
           coalesce((select json_agg(json_build_object(
                              'seq', e.seq::text, 'type', e.type, 'subject', e.aggregate || '/' || e.aggregate_id,
                              'version', e.aggregate_version,
                              'time', to_char(e.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
                            order by e.seq)
                       from (select o.seq, o.type, o.aggregate, o.aggregate_id, o.aggregate_version, o.occurred_at
                               from outbox_events o
                              where o.tenant_id = app.current_tenant()
                                and o.recorded_on >= current_date - 2
                                and o.xid >= pg_snapshot_xmin(${read}::pg_snapshot)
                                and o.xid < pg_snapshot_xmax(until.snapshot)
                                and not pg_visible_in_snapshot(o.xid, ${read}::pg_snapshot)
                                and pg_visible_in_snapshot(o.xid, until.snapshot)
                                and o.seq > ${after}::bigint
                              order by o.seq limit ${CHUNK}) e), '[]') as events
      from until`;
}
