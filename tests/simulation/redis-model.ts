/** A model of the parts of Redis on which the protocol relies: streams, groups, pending entries, fencing tokens, data loss. */
import type { FencingAnswer, NewEntry, StreamPlace } from '#platform/streams';
import type { SimulatedEvent } from './database-model.js';

interface Entry {
  readonly id: number;
  /** Undefined when the entry was trimmed while it was pending. */
  events: readonly SimulatedEvent[] | undefined;
}

interface Group {
  delivered: number;
  readonly pending: Map<number, Entry>;
}

interface Stream {
  last: number;
  entries: Entry[];
  group: Group | undefined;
}

export interface Delivered {
  readonly partition: number;
  readonly id: number;
  readonly events: readonly SimulatedEvent[] | undefined;
}

export class RedisModel {
  /** Writes that were accepted although a higher fencing token was known. */
  stale = 0;
  private streams = new Map<number, Stream>();
  private tokens = new Map<string, number>();
  /** Ids come from a clock that a flush does not set back. */
  private clock = 1;

  constructor(
    readonly partitions: number,
    /** A planted mistake when false: scripts do not compare fencing tokens. */
    private readonly comparesTokens: boolean,
  ) {}

  announce(key: string, token: number): boolean {
    if ((this.tokens.get(key) ?? 0) > token) return false;
    this.tokens.set(key, token);
    return true;
  }

  private check(key: string, token: number): FencingAnswer {
    const highest = this.tokens.get(key);
    if (!this.comparesTokens) {
      if (highest !== undefined && highest > token) this.stale += 1;
      return 'OK';
    }
    if (highest === undefined || highest < token) return 'NO_TOKEN';
    return highest > token ? 'SUPERSEDED' : 'OK';
  }

  ensureGroups(): void {
    for (let partition = 0; partition < this.partitions; partition++) {
      const stream = this.stream(partition);
      stream.group ??= { delivered: 0, pending: new Map() };
    }
  }

  publish(token: number, entries: readonly NewEntry[]): { answer: FencingAnswer; ids: string[] } {
    const answer = this.check('relay', token);
    if (answer !== 'OK') return { answer, ids: [] };
    return {
      answer,
      ids: entries.map(({ partition, events }) => this.add(partition, JSON.parse(`[${events}]`) as SimulatedEvent[])),
    };
  }

  add(partition: number, events: readonly SimulatedEvent[]): string {
    const stream = this.stream(partition);
    stream.last = this.clock++;
    stream.entries.push({ id: stream.last, events });
    return `${stream.last}-0`;
  }

  /** Undefined when the group does not exist. */
  readNew(partition: number, count: number): Delivered[] | undefined {
    const stream = this.streams.get(partition);
    if (!stream?.group) return undefined;
    const { group } = stream;
    const entries = stream.entries.filter((entry) => entry.id > group.delivered).slice(0, count);
    for (const entry of entries) {
      group.delivered = entry.id;
      group.pending.set(entry.id, entry);
    }
    return entries.map(({ id, events }) => ({ partition, id, events }));
  }

  readPending(partition: number, count: number): Delivered[] | undefined {
    const group = this.streams.get(partition)?.group;
    return group && [...group.pending.values()].slice(0, count).map(({ id, events }) => ({ partition, id, events }));
  }

  acknowledge(key: string, token: number, partition: number, id: number): FencingAnswer {
    const answer = this.check(key, token);
    if (answer === 'OK') this.streams.get(partition)?.group?.pending.delete(id);
    return answer;
  }

  survey(): StreamPlace[] {
    return Array.from({ length: this.partitions }, (_, partition) => {
      const stream = this.streams.get(partition);
      const gone = stream ? (stream.entries[0]?.id ?? stream.last + 1) - 1 : 0;
      const oldest = stream?.group && Math.min(...stream.group.pending.keys());
      return {
        last: `${stream?.last ?? 0}-0`,
        length: stream?.entries.length ?? 0,
        groups: [
          {
            delivered: `${stream?.group ? Math.max(stream.group.delivered, gone) : 0}-0`,
            pending: stream?.group?.pending.size ?? 0,
            oldestPending: oldest !== undefined && Number.isFinite(oldest) ? `${oldest}-0` : undefined,
          },
        ],
      };
    });
  }

  trim(): void {
    for (const { group, entries } of this.streams.values()) {
      if (!group) continue;
      const floor = Math.min(group.delivered + 1, ...group.pending.keys());
      entries.splice(0, entries.filter((entry) => entry.id < floor).length);
    }
  }

  flush(): void {
    this.streams.clear();
    this.tokens.clear();
  }

  evict(partition: number): void {
    this.streams.delete(partition);
  }

  removeGroup(partition: number): void {
    const stream = this.streams.get(partition);
    if (stream) stream.group = undefined;
  }

  /** A failover to a replica that had not received the newest entries. */
  failOver(lost: number): void {
    for (const stream of this.streams.values()) {
      const gone = stream.entries.splice(Math.max(0, stream.entries.length - lost));
      if (gone.length > 0) stream.last = gone[0]!.id - 1;
      const { group } = stream;
      if (!group) continue;
      group.delivered = Math.min(group.delivered, stream.last);
      for (const { id } of gone) group.pending.delete(id);
    }
  }

  /** Trims by length: bodies are removed, also those of pending entries. */
  trimByLength(): void {
    for (const stream of this.streams.values()) {
      const gone = stream.entries.splice(0, Math.max(0, stream.entries.length - 1));
      for (const entry of gone) entry.events = undefined;
    }
  }

  private stream(partition: number): Stream {
    let stream = this.streams.get(partition);
    if (!stream) this.streams.set(partition, (stream = { last: 0, entries: [], group: undefined }));
    return stream;
  }
}
