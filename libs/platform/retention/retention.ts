/**
 * What is forgotten when it is old enough, of all stores. Row security says the same (`relay_access` of each table), so that
 * whoever forgets can forget nothing younger.
 */
import { type Queryable, type Sql, sql } from '#platform/database';

/** Longer than a device without a connection keeps a request before it sends it. */
const KEY_DAYS = 7;
/** After its end, by which every token of it has long been refused. */
const SESSION_DAYS = 30;
/** Of one statement: deleted within the time that a request may wait. */
const PORTION = 5_000;

const PORTIONS: readonly (readonly [what: string, statement: Sql])[] = [
  [
    'idempotency keys that were answered',
    sql`delete from idempotency_records
         where (tenant_id, actor, key) in (
           select tenant_id, actor, key from idempotency_records
            where recorded_at < now() - ${KEY_DAYS}::int * interval '1 day' order by recorded_at limit ${PORTION})`,
  ],
  [
    // What was asked lately, however long ago for the first time, may be under way.
    'idempotency keys that were asked',
    sql`delete from idempotency_asks
         where (tenant_id, actor, key) in (
           select tenant_id, actor, key from idempotency_asks
            where asking_until < now() - ${KEY_DAYS}::int * interval '1 day' order by asking_until limit ${PORTION})`,
  ],
  [
    'sessions that have ended',
    sql`delete from sessions
         where (tenant_id, id) in (
           select tenant_id, id from sessions
            where expires_at < now() - ${SESSION_DAYS}::int * interval '1 day' order by expires_at limit ${PORTION})`,
  ],
];

/** Goes by portions, each a transaction of its own; returns how many rows of what were forgotten, without the zeros. */
export async function forgetOld(database: Queryable): Promise<Record<string, number>> {
  const forgotten: Record<string, number> = {};
  for (const [what, portion] of PORTIONS) {
    for (let count = PORTION; count === PORTION;) {
      count = await database.execute(portion);
      if (count > 0) forgotten[what] = (forgotten[what] ?? 0) + count;
    }
  }
  return forgotten;
}
