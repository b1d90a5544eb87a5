/** The streams of one vertical, as its relay and its workers use them. */
import type { Redis } from 'ioredis';
import { entryOf, FIRST_RECOVERY_EPOCH, type StreamEntry } from './entry.js';
import { compareIds, type EntryId, NOTHING } from './entry-id.js';
import { OWNER, StreamNames } from './names.js';
import { ACKNOWLEDGE, ANNOUNCE, define, PUBLISH, type Script, SURVEY } from './scripts.js';

export type FencingAnswer = 'OK' | 'SUPERSEDED' | 'NO_TOKEN';

export interface NewEntry {
  readonly partition: number;
  readonly count: number;
  /** Envelopes as JSON, joined by commas. */
  readonly events: string;
}

export interface Acknowledgement {
  readonly partition: number;
  readonly token: number;
  readonly ids: readonly EntryId[];
}

export interface GroupPlace {
  readonly delivered: EntryId;
  readonly pending: number;
  readonly oldestPending: EntryId | undefined;
}

export interface StreamPlace {
  readonly last: EntryId;
  readonly length: number;
  /** One per expected group, in the order asked for. */
  readonly groups: readonly GroupPlace[];
}

/** Whether the group has handled every entry up to and including `id`. */
export function hasHandled(group: GroupPlace, id: EntryId): boolean {
  return (
    compareIds(group.delivered, id) >= 0 &&
    (group.oldestPending === undefined || compareIds(group.oldestPending, id) > 0)
  );
}

type RawEntry = [id: string, fields: string[] | null];

export class EventStreams {
  private readonly publishScript: Script;
  private readonly announceScript: Script;
  private readonly acknowledgeScript: Script;
  private readonly surveyScript: Script;

  constructor(
    readonly redis: Redis,
    readonly names: StreamNames,
  ) {
    this.publishScript = define(redis, 'publishEvents', PUBLISH);
    this.announceScript = define(redis, 'announceToken', ANNOUNCE);
    this.acknowledgeScript = define(redis, 'acknowledgeEvents', ACKNOWLEDGE);
    this.surveyScript = define(redis, 'surveyStreams', SURVEY);
  }

  async publish(
    token: number,
    entries: readonly NewEntry[],
    recovery = FIRST_RECOVERY_EPOCH,
  ): Promise<{ answer: FencingAnswer; ids: EntryId[] }> {
    const reply = (await this.publishScript(
      entries.length + 1,
      this.names.relayFencingToken,
      ...entries.map((entry) => this.names.stream(entry.partition)),
      token,
      ...entries.flatMap((entry) => [entry.count, entry.events]),
      recovery,
    )) as [FencingAnswer, ...EntryId[]];
    const [answer, ...ids] = reply;
    return { answer, ids };
  }

  /** True when Redis holds `token` afterwards; false when it holds a higher one. */
  async announceRelay(token: number): Promise<boolean> {
    const [isMine] = (await this.announceScript(1, this.names.relayFencingToken, token)) as number[];
    return isMine === 1;
  }

  /** Announces one token per partition; returns the partitions for which Redis does not hold a higher one. */
  async announceConsumer(consumer: string, tokens: ReadonlyMap<number, number>): Promise<Set<number>> {
    if (tokens.size === 0) return new Set();
    const partitions = [...tokens.keys()];
    const keys = partitions.map((partition) => this.names.consumerFencingToken(consumer, partition));
    const answers = (await this.announceScript(keys.length, ...keys, ...tokens.values())) as number[];
    return new Set(partitions.filter((_, index) => answers[index] === 1));
  }

  async acknowledge(consumer: string, acks: readonly Acknowledgement[]): Promise<FencingAnswer[]> {
    if (acks.length === 0) return [];
    const keys = acks.flatMap((ack) => [
      this.names.consumerFencingToken(consumer, ack.partition),
      this.names.stream(ack.partition),
    ]);
    const values = acks.flatMap((ack) => [ack.token, ack.ids.length, ...ack.ids]);
    return (await this.acknowledgeScript(keys.length, ...keys, consumer, ...values)) as FencingAnswer[];
  }

  /** New entries of the given partitions. Waits up to `blockMs` for the first one, so `reader` must be a separate connection. */
  async readNew(
    reader: Redis,
    consumer: string,
    partitions: readonly number[],
    count: number,
    blockMs: number,
  ): Promise<StreamEntry[]> {
    const streams = partitions.map((partition) => this.names.stream(partition));
    const news = partitions.map(() => '>');
    const wait = blockMs > 0 ? ['BLOCK', blockMs] : [];
    const reply = await reader.call(
      'XREADGROUP',
      'GROUP',
      consumer,
      OWNER,
      'COUNT',
      count,
      ...wait,
      'STREAMS',
      ...streams,
      ...news,
    );
    return this.entriesOf(reply as [string, RawEntry[]][] | null, partitions);
  }

  /** Entries that were delivered and not acknowledged, by a predecessor or by a connection that broke. */
  async readPending(
    reader: Redis,
    consumer: string,
    partitions: readonly number[],
    count: number,
  ): Promise<StreamEntry[]> {
    const streams = partitions.map((partition) => this.names.stream(partition));
    const starts = partitions.map(() => '0');
    const reply = await reader.call(
      'XREADGROUP',
      'GROUP',
      consumer,
      OWNER,
      'COUNT',
      count,
      'STREAMS',
      ...streams,
      ...starts,
    );
    return this.entriesOf(reply as [string, RawEntry[]][] | null, partitions);
  }

  /** Groups start at 0, never at `$`, because they must also receive what was published before they existed. */
  async ensureGroups(groups: readonly string[]): Promise<void> {
    const pipeline = this.redis.pipeline();
    for (const stream of this.names.all) {
      for (const group of groups) pipeline.xgroup('CREATE', stream, group, '0', 'MKSTREAM');
    }
    for (const [error] of (await pipeline.exec()) ?? []) {
      if (error && !error.message.startsWith('BUSYGROUP')) throw error;
    }
  }

  /** The state of streams and groups. `trim` also removes the entries that every group has acknowledged. */
  async survey(groups: readonly string[], mode: 'look' | 'trim' = 'look'): Promise<StreamPlace[]> {
    const { all } = this.names;
    const rows = (await this.surveyScript(all.length, ...all, mode, ...groups)) as [
      string,
      number,
      ...[string, number, string][],
    ][];
    return rows.map(([last, length, ...places]) => ({
      last,
      length,
      groups: places.map(([delivered, pending, oldest]) => ({
        delivered,
        pending,
        oldestPending: oldest || undefined,
      })),
    }));
  }

  private entriesOf(reply: [string, RawEntry[]][] | null, partitions: readonly number[]): StreamEntry[] {
    const partitionOf = new Map(partitions.map((partition) => [this.names.stream(partition), partition]));
    return (reply ?? []).flatMap(([stream, entries]) =>
      entries.map(([id, fields]) => entryOf(partitionOf.get(stream)!, id, fields)),
    );
  }
}

/** The last id that the most advanced group has received. */
export function furthestDelivered(place: StreamPlace): EntryId {
  return place.groups.reduce(
    (furthest, group) => (compareIds(group.delivered, furthest) > 0 ? group.delivered : furthest),
    NOTHING,
  );
}
