/**
 * The recovery fence. A database that went back in time does not know what has left it since: events in Redis, mails,
 * charges. So nothing leaves it, and nothing from Redis comes in, until an operator has confirmed a new *recovery epoch*:
 *
 *   open(epoch) ──restored: another lineage, or Redis knows more than the database──▶ fenced ──confirmed──▶ open(epoch + 1)
 *        ▲ ╰──────────────────────an operator fences──────────────────────────────────▲
 *        ╰──promoted without loss: Redis knows nothing that the database does not──────╯
 *
 * Stores read and write as always meanwhile. What was published under an epoch that is over is never applied: every entry
 * of a stream carries its epoch, and the relay of a new epoch empties the streams and publishes again from the outbox.
 */
import { type Queryable, sql } from '#platform/database';

/** As the guard of a transaction: throws `recovery_fenced`. */
export const NOT_FENCED = sql`select app.assert_not_fenced()`;

export interface Recovery {
  readonly epoch: number;
  /** Why nothing leaves the database, if so; the word of a person or of a relay. */
  readonly fencedBecause: string | undefined;
  /** Undefined before any relay has seen this database. */
  readonly isSameLineage: boolean | undefined;
}

interface RecoveryRow {
  epoch: bigint;
  fenced_because: string | null;
  is_same_lineage: boolean | null;
}

export async function readRecovery(database: Queryable): Promise<Recovery> {
  const row = (await database.first<RecoveryRow>(sql`
    select epoch, fenced_because, lineage = app.database_lineage() as is_same_lineage from recovery_state`))!;
  return {
    epoch: Number(row.epoch),
    fencedBecause: row.fenced_because ?? undefined,
    isSameLineage: row.is_same_lineage ?? undefined,
  };
}

/** Why nothing leaves the database right now; undefined when it may. */
export async function fenceOf(database: Queryable): Promise<string | undefined> {
  const row = await database.first<{ because: string | null }>(sql`select app.recovery_fence() as because`);
  return row?.because ?? undefined;
}

/** False when it was fenced already: the first reason stays. */
export async function fence(database: Queryable, by: string, because: string): Promise<boolean> {
  const changed = await database.execute(sql`
    update recovery_state set fenced_at = now(), fenced_by = ${by}, fenced_because = ${because} where fenced_at is null`);
  return changed === 1;
}

/** This database is the rightful heir of the epoch: nothing was lost. */
export async function adoptLineage(database: Queryable): Promise<void> {
  await database.execute(sql`
    update recovery_state set lineage = app.database_lineage() where fenced_at is null`);
}
