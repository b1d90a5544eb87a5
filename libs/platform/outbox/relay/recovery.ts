/**
 * Decides at the beginning of every term whether this relay may publish from this database. To make the decision possible,
 * the relay writes a mark every second, first to PostgreSQL, then to Redis.
 *
 *   database was loaded from a dump   its positions are those of another cluster        fence: the relay would find no event
 *   same lineage, or promoted         Redis has nothing that the database lacks         begin (and adopt the new lineage)
 *   Redis knows more                  a mark or an event that the database lacks        fence: the database went back in time
 *   another lineage, Redis is empty   no evidence whether anything was lost             fence
 *   Redis is one epoch behind         an operator has confirmed a new epoch             empty the streams, begin
 *
 * See libs/platform/recovery and docs/adr/0016-recovery-epochs.md.
 */
import { randomUUID } from 'node:crypto';
import { type Queryable, type Row, sql } from '#platform/database';
import { eventDay } from '#platform/outbox';
import { adoptLineage, fence, readRecovery, type Recovery } from '#platform/recovery';
import {
  type EntryId,
  type EventStreams,
  type FencingAnswer,
  type PublishedEvent,
  RecoveryMarks,
  type StreamMark,
} from '#platform/streams';

/** What was found in Redis and in the database. */
export interface Evidence {
  /** The saved position names transactions that this cluster has not run yet, so no snapshot would ever pass it. */
  readonly isAhead: boolean;
  readonly found: StreamMark | undefined;
  /** Whether the database has the mark; undefined when Redis has none. */
  readonly isMarkKnown: boolean | undefined;
  /** An event that was published after the mark and is not in the outbox. */
  readonly unknownEvent: string | undefined;
}

export type StartDecision =
  | { readonly act: 'begin'; readonly adopts: boolean }
  | { readonly act: 'rebuild' }
  | { readonly act: 'fence'; readonly because: string; readonly isRecorded: boolean };

export function decideStart(
  recovery: Recovery,
  { isAhead, found, isMarkKnown, unknownEvent }: Evidence,
): StartDecision {
  const { epoch, fencedBecause, isSameLineage = true } = recovery;
  const refuse = (because: string): StartDecision => ({ act: 'fence', because, isRecorded: false });
  if (fencedBecause !== undefined) return { act: 'fence', because: fencedBecause, isRecorded: true };
  if (isAhead)
    return refuse('The outbox counts by transactions of another cluster: this database was loaded from a dump.');
  if (found && found.epoch > epoch)
    return refuse(`Redis holds events of recovery epoch ${found.epoch}, and this database knows of ${epoch} only.`);
  if (found && found.epoch < epoch && isSameLineage) return { act: 'rebuild' };
  if (isMarkKnown === false)
    return refuse('Redis holds a mark that this database does not have: it went back in time.');
  if (unknownEvent !== undefined)
    return refuse(`Event ${unknownEvent} was published and is not in the outbox: the database went back in time.`);
  if (!isSameLineage && !isMarkKnown)
    return refuse(
      'This database is a restored or promoted copy, and Redis has nothing that says whether anything was lost.',
    );
  return { act: 'begin', adopts: recovery.isSameLineage !== true };
}

/** Thrown when the recovery fence is up and nothing may be published. */
export class RecoveryFenced extends Error {}

export class RecoveryWatch {
  private readonly term = randomUUID();

  private constructor(
    private readonly database: Queryable,
    private readonly marks: RecoveryMarks,
    private readonly vertical: string,
    /** The recovery epoch this term publishes in. */
    readonly epoch: number,
  ) {}

  /** Throws `RecoveryFenced`, after it has recorded the reason. */
  static async begin(database: Queryable, streams: EventStreams, consumers: readonly string[]): Promise<RecoveryWatch> {
    const marks = new RecoveryMarks(streams);
    const recovery = await readRecovery(database);
    const found = await marks.read();
    const decision = decideStart(recovery, await evidenceOf(database, marks, recovery, found));
    if (decision.act === 'fence') {
      if (!decision.isRecorded) await fence(database, 'system:relay', decision.because);
      throw new RecoveryFenced(decision.because);
    }
    if (decision.act === 'rebuild' || !found) await marks.begin(found, recovery.epoch, consumers);
    if (decision.act === 'begin' && decision.adopts) await adoptLineage(database);
    return new RecoveryWatch(database, marks, streams.names.vertical, recovery.epoch);
  }

  /**
   * `last`: per stream, the last id up to which every event was committed before now. The commit waits for the disk, because
   * Redis must not know a mark that a crash of PostgreSQL undoes.
   */
  async mark(token: bigint, last: readonly EntryId[]): Promise<FencingAnswer> {
    const row = await this.database.first<
      Row<'recovery_terms', 'marks'> & { epoch: bigint; because: string | null }
    >(sql`
      insert into recovery_terms as t (term, vertical, marks)
      select ${this.term}, ${this.vertical}, 1 from relay_leases l where l.vertical = ${this.vertical} and l.epoch = ${token}
      on conflict (term) do update set marks = t.marks + 1, marked_at = now()
      returning marks, (select epoch from recovery_state) as epoch, app.recovery_fence() as because`);
    if (!row) return 'SUPERSEDED';
    if (row.because !== null) throw new RecoveryFenced(row.because);
    if (Number(row.epoch) !== this.epoch) throw new RecoveryFenced(`Recovery epoch ${row.epoch} has begun.`);
    const mark = { term: this.term, count: Number(row.marks), last };
    return this.marks.write(Number(token), { epoch: this.epoch, mark });
  }
}

/** Marks older than any Redis that a relay could meet are useless. */
export async function deleteOldTerms(database: Queryable, days: number): Promise<void> {
  await database.execute(sql`
    delete from recovery_terms where marked_at < now() - ${days}::int * interval '1 day'`);
}

async function evidenceOf(
  database: Queryable,
  marks: RecoveryMarks,
  { epoch, fencedBecause }: Recovery,
  found: StreamMark | undefined,
): Promise<Evidence> {
  const nothing: Evidence = { isAhead: false, found, isMarkKnown: undefined, unknownEvent: undefined };
  if (fencedBecause !== undefined) return nothing;
  if (await isFromAnotherCluster(database)) return { ...nothing, isAhead: true };
  if (!found?.mark || found.epoch !== epoch) return nothing;
  const { term, count, last } = found.mark;
  const known = await database.first(
    sql`select from recovery_terms where term = ${term}::uuid and marks >= ${count}::bigint`,
  );
  if (!known) return { ...nothing, isMarkKnown: false };
  for await (const events of marks.after(last, epoch)) {
    const unknownEvent = await firstUnknown(database, events);
    if (unknownEvent !== undefined) return { ...nothing, isMarkKnown: true, unknownEvent };
  }
  return { ...nothing, isMarkKnown: true };
}

/** A saved position is older than the transaction that saved it, so this never holds in the cluster that saved it. */
async function isFromAnotherCluster(database: Queryable): Promise<boolean> {
  const ahead = await database.first(sql`
    select from relay_positions where pg_snapshot_xmax(published) > pg_snapshot_xmax(pg_current_snapshot()) limit 1`);
  return ahead !== undefined;
}

async function firstUnknown(database: Queryable, events: readonly PublishedEvent[]): Promise<string | undefined> {
  const row = await database.first<{ id: string }>(sql`
    select e.id
      from unnest(${events.map((event) => event.id)}::uuid[], ${events.map((event) => eventDay(event.id))}::date[],
                  ${events.map((event) => event.tenant)}::uuid[], ${events.map((event) => event.aggregate)}::text[],
                  ${events.map((event) => event.aggregateId)}::uuid[], ${events.map((event) => event.version)}::int[])
           as e(id, recorded_on, tenant_id, aggregate, aggregate_id, version)
     where (select true from outbox_events o
             where o.tenant_id = e.tenant_id and o.aggregate = e.aggregate and o.aggregate_id = e.aggregate_id
               and o.aggregate_version = e.version and o.recorded_on = e.recorded_on and o.id = e.id limit 1) is null
     limit 1`);
  return row?.id;
}
