/**
 * The facts about the database that Redis keeps beside the streams: the recovery epoch, and the relay's newest mark with the
 * last id of every stream at that moment. The mark was committed in PostgreSQL before it was written to Redis, and after every
 * event up to those ids. So a database that has the mark also has all these events.
 */
import { aggregateId, aggregateKind } from '#contracts/event';
import { isUuid } from '#kernel';
import { entryOf, envelopesOf, type StreamEntry } from './entry.js';
import { type EventStreams, type FencingAnswer } from './event-streams.js';
import { type EntryId, isEntryId, NOTHING } from './entry-id.js';
import { foreignEntries } from './metrics.js';
import { define, MARK, REBUILD, type Script } from './scripts.js';

export interface StreamMark {
  readonly epoch: number;
  /** Undefined from the beginning of an epoch to its first mark. */
  readonly mark: { readonly term: string; readonly count: number; readonly last: readonly EntryId[] } | undefined;
}

/** An event in the streams, with the columns that find its row in the outbox. */
export interface PublishedEvent {
  readonly id: string;
  readonly tenant: string;
  readonly aggregate: string;
  readonly aggregateId: string;
  readonly version: number;
}

const ENTRIES = 200;
const NUMBER = /^[1-9]\d{0,14}$/;

export class RecoveryMarks {
  private readonly markScript: Script;
  private readonly rebuildScript: Script;

  constructor(private readonly streams: EventStreams) {
    this.markScript = define(streams.redis, 'markRecovery', MARK);
    this.rebuildScript = define(streams.redis, 'rebuildStreams', REBUILD);
    foreignEntries.inc({ reader: 'relay' }, 0);
  }

  /** Undefined when Redis has no facts: it is new or was emptied, or another program has overwritten them. */
  async read(): Promise<StreamMark | undefined> {
    const { redis, names } = this.streams;
    const { epoch = '', term, count = '', last } = await redis.hgetall(names.recovery);
    if (!NUMBER.test(epoch)) return undefined;
    const ids = idsOf(last);
    const mark = isUuid(term) && NUMBER.test(count) && ids ? { term, count: Number(count), last: ids } : undefined;
    return { epoch: Number(epoch), mark };
  }

  async write(token: number, { epoch, mark }: StreamMark): Promise<FencingAnswer> {
    const { names } = this.streams;
    const facts = mark ? ['term', mark.term, 'count', mark.count, 'last', JSON.stringify(mark.last)] : [];
    return (await this.markScript(
      2,
      names.relayFencingToken,
      names.recovery,
      token,
      'epoch',
      epoch,
      ...facts,
    )) as FencingAnswer;
  }

  /**
   * Records the epoch. When Redis holds another epoch, this deletes streams and fencing tokens, and every holder of a lease
   * must announce its token again.
   */
  async begin(found: StreamMark | undefined, epoch: number, consumers: readonly string[]): Promise<void> {
    const { names } = this.streams;
    // Redis is new or was emptied. Anything in it was published since then, by this release or an older one.
    if (!found) return void (await this.streams.redis.hsetnx(names.recovery, 'epoch', epoch));
    const tokens = consumers.flatMap((consumer) =>
      names.all.map((_, partition) => names.consumerFencingToken(consumer, partition)),
    );
    const keys = [names.recovery, ...names.all, names.relayFencingToken, ...tokens];
    await this.rebuildScript(keys.length, ...keys, found.epoch, epoch);
  }

  /** The events published in this epoch after these ids, some entries at a time. */
  async *after(last: readonly EntryId[], epoch: number): AsyncGenerator<PublishedEvent[]> {
    for (const [partition, stream] of this.streams.names.all.entries()) {
      for (let from = last[partition] ?? NOTHING; ;) {
        const entries = await this.streams.redis.xrange(stream, `(${from}`, '+', 'COUNT', ENTRIES);
        if (entries.length === 0) break;
        yield entries.flatMap(([id, fields]) => eventsOf(entryOf(partition, id, fields), epoch));
        from = entries.at(-1)![0];
      }
    }
  }
}

/** An entry of another epoch says nothing about this one, and an entry of a later epoch is foreign. */
function eventsOf(entry: StreamEntry, epoch: number): PublishedEvent[] {
  const envelopes = entry.recovery > epoch ? undefined : envelopesOf(entry);
  if (!envelopes) foreignEntries.inc({ reader: 'relay' });
  if (entry.recovery !== epoch) return [];
  return (envelopes ?? []).map((envelope) => ({
    id: envelope.id,
    tenant: envelope.tenantid,
    aggregate: aggregateKind(envelope),
    aggregateId: aggregateId(envelope),
    version: envelope.aggregateversion,
  }));
}

function idsOf(text: string | undefined): readonly EntryId[] | undefined {
  try {
    const ids: unknown = JSON.parse(text ?? '');
    return Array.isArray(ids) && ids.every(isEntryId) ? ids : undefined;
  } catch {
    return undefined;
  }
}
