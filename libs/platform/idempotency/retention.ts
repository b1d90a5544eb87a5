/**
 * How long a key is remembered: seven days, longer than a device without a connection keeps a request before it
 * sends it. Row security says the same (`relay_access` of both tables), so that whoever forgets can forget nothing younger.
 */
import { type Queryable, sql } from '#platform/database';

const DAYS = 7;
/** Of one statement: deleted within the time that a request may wait. */
const AT_ONCE = 5_000;

const PORTIONS = [
  sql`delete from idempotency_records
       where (tenant_id, actor, key) in (
         select tenant_id, actor, key from idempotency_records
          where recorded_at < now() - ${DAYS}::int * interval '1 day' order by recorded_at limit ${AT_ONCE})`,
  // What was asked lately, however long ago for the first time, may be under way.
  sql`delete from idempotency_asks
       where (tenant_id, actor, key) in (
         select tenant_id, actor, key from idempotency_asks
          where asking_until < now() - ${DAYS}::int * interval '1 day' order by asking_until limit ${AT_ONCE})`,
];

/** Returns how many were forgotten. Goes by portions, each a transaction of its own, and ends at the first that is not full. */
export async function forgetOldKeys(database: Queryable): Promise<number> {
  let total = 0;
  for (const portion of PORTIONS) {
    for (let forgotten = AT_ONCE; forgotten === AT_ONCE; total += forgotten) {
      forgotten = await database.execute(portion);
    }
  }
  return total;
}
