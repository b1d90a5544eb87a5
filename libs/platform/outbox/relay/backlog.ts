/**
 * Which events are to be published, in which order, and how far the relay has come. This class is pure: reading and
 * publishing happen elsewhere.
 *
 * A *snapshot* (pg_snapshot) says exactly which transactions had finished at a moment. The difference between two snapshots
 * is the set of rows that became visible in between, in whatever order their transactions started or committed. Therefore no
 * row needs a mark as published, and none can be missed through a gap of ids.
 *
 * A *cursor* reads one such difference in chunks, in (xid, seq) order. All tenants share the common cursor. A tenant that
 * fills a chunk, or has more events waiting than its quota, gets its own cursor and is left out of the common one. The
 * tenant behind it is then read at once and not after the whole backlog:
 *
 *   common cursor  since S3 ────────────────────────▶ until S4      (all tenants except those below)
 *   cursor of A    since S1 ──▶ until S3 …                          (reads on when A's queue has drained by half)
 *
 * A tenant's cursor follows the common one and is removed when it has caught up. Queued packs leave in turns: one pack of
 * each tenant, partition by partition. The position that may be saved is the oldest snapshot from which a cursor or an
 * unpublished pack still starts.
 */
export interface Snapshot {
  readonly text: string;
  readonly takenAt: Date;
}

export interface Key {
  readonly xid: string;
  readonly seq: bigint;
}

/** Some events of one tenant in one partition, already printed as JSON. */
export interface Pack {
  readonly tenant: string;
  readonly partition: number;
  readonly count: number;
  readonly events: string;
}

/** A request for the rows between `since` and `until`, behind `after`. Without `until` it means now. */
export interface Reading {
  readonly tenant: string | undefined;
  readonly except: readonly string[];
  readonly since: Snapshot;
  readonly until: Snapshot | undefined;
  readonly after: Key | undefined;
}

export interface Chunk {
  readonly packs: readonly Pack[];
  readonly until: Snapshot;
  /** Where the next chunk starts; undefined when there is none. */
  readonly next: Key | undefined;
}

interface Cursor {
  since: Snapshot;
  until: Snapshot | undefined;
  after: Key | undefined;
}

interface Queued extends Pack {
  readonly since: Snapshot | undefined;
}

export interface BacklogLimits {
  /** Events waiting in memory, all tenants together: reading stops above it. */
  readonly capacity: number;
  /** Events of one tenant waiting in memory before it gets its own cursor. */
  readonly quota: number;
}

/** A tenant that fills more than this part (1/n) of a chunk gets its own cursor, unless the chunk is the last one. */
const SHARES = 8;

export class Backlog {
  private readonly common: Cursor;
  private readonly cursors = new Map<string, Cursor>();
  /** Per partition, the tenants in turn with their packs in order. */
  private readonly queues: Map<string, Queued[]>[];
  private readonly waiting = new Map<string, number>();
  private readonly unpublished = new Map<Snapshot, number>();
  /** The order in which snapshots were taken. `takenAt` would be wrong, because a clock may be set back. */
  private readonly ages = new WeakMap<Snapshot, number>();
  private age = 0;
  private turn = 0;
  size = 0;

  constructor(
    since: Snapshot,
    partitions: number,
    private readonly limits: BacklogLimits,
  ) {
    this.common = { since, until: undefined, after: undefined };
    this.ages.set(since, 0);
    this.queues = Array.from({ length: partitions }, () => new Map<string, Queued[]>());
  }

  /** Whether a difference has been begun and chunks of it remain to be read. */
  get isReading(): boolean {
    return this.common.until !== undefined || this.cursors.size > 0;
  }

  /** The next reading of the common cursor, if there is room for it. */
  nextCommon(): Reading | undefined {
    if (this.size >= this.limits.capacity) return undefined;
    return { tenant: undefined, except: [...this.cursors.keys()], ...this.common };
  }

  /** The next reading of a tenant's cursor: the first one whose tenant has few events left in memory. */
  nextOwn(): Reading | undefined {
    for (const [tenant, cursor] of this.cursors) {
      if ((this.waiting.get(tenant) ?? 0) > this.limits.quota / 2) continue;
      const target = this.common.until ?? this.common.since;
      if (cursor.until === undefined && cursor.since === target) {
        if (this.common.until === undefined) this.cursors.delete(tenant);
        continue;
      }
      // Cursors take turns: the one that is read moves to the end.
      this.cursors.delete(tenant);
      this.cursors.set(tenant, cursor);
      cursor.until ??= target;
      return { tenant, except: [], ...cursor };
    }
    return undefined;
  }

  accept(reading: Reading, chunk: Chunk): void {
    const cursor = reading.tenant === undefined ? this.common : this.cursors.get(reading.tenant)!;
    if (!this.ages.has(chunk.until)) this.ages.set(chunk.until, ++this.age);
    for (const pack of chunk.packs) this.enqueue(pack, reading.since);
    if (chunk.next) {
      cursor.until = chunk.until;
      cursor.after = chunk.next;
    } else {
      cursor.since = chunk.until;
      cursor.until = cursor.after = undefined;
    }
    if (cursor === this.common) this.divert(chunk);
  }

  /** Packs to publish again. They do not hold the position back, because it is already past their events. */
  repeat(packs: readonly Pack[]): void {
    for (const pack of packs) this.enqueue(pack, undefined);
  }

  /** Up to `room` events, at most `roomOf(partition)` of each partition, one pack of each tenant in turn. */
  take(room: number, roomOf: (partition: number) => number): Pack[] {
    const taken: Pack[] = [];
    const left = this.queues.map((_, partition) => roomOf(partition));
    for (let idle = 0; idle < this.queues.length && room > 0;) {
      const partition = this.turn++ % this.queues.length;
      const pack = left[partition]! > 0 ? this.dequeue(partition) : undefined;
      if (!pack) {
        idle += 1;
        continue;
      }
      idle = 0;
      left[partition]! -= pack.count;
      room -= pack.count;
      taken.push(pack);
    }
    return taken;
  }

  published(packs: readonly Pack[]): void {
    for (const { since } of packs as readonly Queued[]) {
      if (!since) continue;
      const left = this.unpublished.get(since)! - 1;
      if (left === 0) this.unpublished.delete(since);
      else this.unpublished.set(since, left);
    }
  }

  /** The newest snapshot of which everything visible has been published. */
  position(): Snapshot {
    const starts = [...this.unpublished.keys(), ...[...this.cursors.values()].map((cursor) => cursor.since)];
    return starts.reduce(
      (oldest, start) => (this.ages.get(start)! < this.ages.get(oldest)! ? start : oldest),
      this.common.since,
    );
  }

  /** No tenant may keep the common cursor from reaching its end, because the next tenant's events are there. */
  private divert(chunk: Chunk): void {
    const counts = new Map<string, number>();
    for (const { tenant, count } of chunk.packs) counts.set(tenant, (counts.get(tenant) ?? 0) + count);
    const share = chunk.next ? [...counts.values()].reduce((sum, count) => sum + count, 0) / SHARES : Infinity;
    for (const [tenant, count] of counts) {
      if (count > share || this.waiting.get(tenant)! > this.limits.quota) this.cursors.set(tenant, { ...this.common });
    }
  }

  private enqueue(pack: Pack, since: Snapshot | undefined): void {
    const queue = this.queues[pack.partition]!;
    const packs = queue.get(pack.tenant);
    if (packs) packs.push({ ...pack, since });
    else queue.set(pack.tenant, [{ ...pack, since }]);
    this.size += pack.count;
    this.waiting.set(pack.tenant, (this.waiting.get(pack.tenant) ?? 0) + pack.count);
    if (since) this.unpublished.set(since, (this.unpublished.get(since) ?? 0) + 1);
  }

  private dequeue(partition: number): Queued | undefined {
    const queue = this.queues[partition]!;
    const [first] = queue;
    if (!first) return undefined;
    const [tenant, packs] = first;
    const pack = packs.shift()!;
    queue.delete(tenant);
    if (packs.length > 0) queue.set(tenant, packs);
    this.size -= pack.count;
    const waiting = this.waiting.get(tenant)! - pack.count;
    if (waiting > 0) this.waiting.set(tenant, waiting);
    else this.waiting.delete(tenant);
    return pack;
  }
}
