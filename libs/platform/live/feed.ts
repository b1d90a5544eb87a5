/**
 * What became visible for a tenant since a snapshot. The id of a message is the snapshot it was read at, so a reader who
 * comes back with it gets exactly what was committed since: sequence numbers would lose what committed late.
 */
import { errorTable } from '#kernel';
import { sql, type TenantDatabase, type TenantScope } from '#platform/database';

const errors = errorTable({
  invalid_last_event_id: ['malformed', 'Last-Event-ID is not one this stream gave out.'],
});

export interface FeedEvent {
  type: string;
  subject: string;
  version: number;
  time: string;
}

export interface FeedPage {
  /** Where to go on. */
  readonly snapshot: string;
  readonly events: readonly FeedEvent[];
}

const SNAPSHOT = /^\d+:\d+:(\d+(,\d+)*)?$/;
/** More than this at once is not news; the reader is told to look for itself. */
const MOST = 500;

export async function feedStart(database: TenantDatabase, scope: TenantScope): Promise<string> {
  const [row] = await database.read(scope, sql<{ snapshot: string }>`select pg_current_snapshot()::text as snapshot`);
  return row!.snapshot;
}

export async function feedSince(database: TenantDatabase, scope: TenantScope, from: string): Promise<FeedPage> {
  const [row] = await database.read(
    scope,
    sql<{ snapshot: string; events: FeedEvent[] }>`
      with current as materialized (select pg_current_snapshot() as snapshot)
      select current.snapshot::text as snapshot,
             coalesce((select json_agg(json_build_object('type', e.type, 'subject', e.aggregate || '/' || e.aggregate_id,
                                                         'version', e.aggregate_version, 'time', e.occurred_at) order by e.seq)
                         from (select * from outbox_events o
                                where o.tenant_id = app.current_tenant()
                                  and o.xid >= pg_snapshot_xmin(${from}::pg_snapshot)
                                  and not pg_visible_in_snapshot(o.xid, ${from}::pg_snapshot)
                                order by o.seq limit ${MOST}) e), '[]') as events
        from current`,
  );
  return row!;
}

export function snapshotOf(lastEventId: string | undefined): string | undefined {
  if (lastEventId === undefined) return undefined;
  const snapshot = Buffer.from(lastEventId, 'base64url').toString('latin1');
  if (!SNAPSHOT.test(snapshot)) {
    throw errors.invalid_last_event_id();
  }
  return snapshot;
}

/** One page as server-sent events; only the last message carries the id, so that a torn page is read again. */
export function messagesOf(page: FeedPage): string {
  const id = Buffer.from(page.snapshot, 'latin1').toString('base64url');
  return page.events
    .map((event, index) => {
      const isLast = index === page.events.length - 1;
      const { type, ...data } = event;
      return `${isLast ? `id: ${id}\n` : ''}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
    })
    .join('');
}
