/**
 * Counts the stores that have used all that their plan allows of a meter. Requests that need the meter are refused
 * until the period ends.
 */
import { METERS } from '#contracts/meters';
import { type Queryable, type Row, sql } from '#platform/database';
import { gauge } from '#platform/telemetry';

const exhaustedQuotas = gauge({
  name: 'billing_exhausted_quotas',
  help: 'Stores that have used all that their plan allows of a meter in the running period',
  labelNames: ['meter'],
});

/** The query reads every running period (30 ms for 10,000 stores), so it does not run in every loop of the worker. */
const EVERY_MS = 60_000;
let measuredAt = -Infinity;

export async function measureQuotas(database: Queryable, now = performance.now()): Promise<void> {
  if (now - measuredAt < EVERY_MS) return;
  measuredAt = now;
  const rows = await database.query(sql<Row<'billing_usage_counters', 'meter'> & { count: number }>`
    select c.meter, count(*)::int as count
      from billing_periods p
      join billing_usage_counters c on c.tenant_id = p.tenant_id and c.subscription_id = p.subscription_id and c.period_seq = p.seq
     where p.starts_at <= app.now() and p.ends_at > app.now() and c.used > 0 and c.used >= c.hard
     group by c.meter`);
  const counts = new Map(rows.map((row) => [row.meter, row.count]));
  for (const meter of METERS) exhaustedQuotas.set({ meter }, counts.get(meter) ?? 0);
}
