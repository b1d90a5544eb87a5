/**
 * The recovery fence. A database that went back in time does not know what has left it since then: events in Redis, mails,
 * charges. Therefore nothing may leave it, and nothing from Redis may enter it, until an operator has confirmed a new
 * *recovery epoch*:
 *
 *   open(epoch) ──restored: another lineage, or Redis knows more than the database──▶ fenced ──confirmed──▶ open(epoch + 1)
 *        ▲ ╰──────────────────────an operator fences──────────────────────────────────▲
 *        ╰──promoted without loss: Redis knows nothing that the database does not──────╯
 *
 * Stores read and write as usual while the database is fenced. Entries that were published in an earlier epoch are never
 * applied: every entry of a stream carries its epoch, and the first relay of a new epoch empties the streams and publishes
 * again from the outbox.
 */
import { type Queryable, type Row, sql } from '#platform/database';

/** A guard for a transaction. It makes the transaction fail with `recovery_fenced` while the database is fenced. */
export const NOT_FENCED = sql`select app.assert_not_fenced()`;

export interface Recovery {
  readonly epoch: number;
  /** The recorded reason why nothing leaves the database, given by a person or by a relay; undefined when not fenced. */
  readonly fencedBecause: string | undefined;
  /** Undefined before the first relay has used this database. */
  readonly isSameLineage: boolean | undefined;
}

type RecoveryRow = Row<'recovery_state', 'epoch' | 'fenced_because'> & { is_same_lineage: boolean | null };

export async function readRecovery(database: Queryable): Promise<Recovery> {
  const row = (await database.first<RecoveryRow>(sql`
    select epoch, fenced_because, lineage = app.database_lineage() as is_same_lineage from recovery_state`))!;
  return {
    epoch: Number(row.epoch),
    fencedBecause: row.fenced_because ?? undefined,
    isSameLineage: row.is_same_lineage ?? undefined,
  };
}

/** The reason why nothing may leave the database now; undefined when events may leave. */
export async function fenceOf(database: Queryable): Promise<string | undefined> {
  const row = await database.first<{ because: string | null }>(sql`select app.recovery_fence() as because`);
  return row?.because ?? undefined;
}

/** Fences the database. False when it was fenced already; the first reason stays. */
export async function fence(database: Queryable, by: string, because: string): Promise<boolean> {
  const changed = await database.execute(sql`
    update recovery_state set fenced_at = now(), fenced_by = ${by}, fenced_because = ${because} where fenced_at is null`);
  return changed === 1;
}

/** Records the lineage of this database as the one of the current epoch, after proof that nothing was lost. */
export async function adoptLineage(database: Queryable): Promise<void> {
  await database.execute(sql`
    update recovery_state set lineage = app.database_lineage() where fenced_at is null`);
}
