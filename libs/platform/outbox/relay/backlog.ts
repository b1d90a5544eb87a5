/**
 * What is to be published, in which order, and how far the relay has come. Pure: reading and publishing happen outside.
 *
 * A *snapshot* (pg_snapshot) says exactly which transactions had finished at a moment. The difference between two of them
 * is the set of rows that became visible in between, whatever order their transactions started or committed in: this is
 * why no row needs a mark and none can slip through a gap of ids.
 *
 * A *lane* reads one such difference in chunks, in (xid, seq) order. There is one lane for everybody. A tenant that fills
 * a chunk, or has more than its quota waiting, gets a lane of its own and is left out of the common one, so that the
 * tenant behind it is read at once and not after the whole backlog:
 *
 *   common lane   since S3 ────────────────────────▶ until S4      (all tenants but those below)
 *   lane of A     since S1 ──▶ until S3 …                          (reads on when A's queue has drained by half)
 *
 * A lane of a tenant chases the common one; when it has caught up, it ends. Queued packs leave in turns: one pack of
 * each tenant, partition by partition. The position that may be saved is the oldest snapshot that a lane or a pack not yet
 * published still starts from.
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

/** Ask for the rows in `since` … `until` behind `after`; `until` undefined means now. */
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
  /** Events of one tenant waiting in memory before it gets a lane of its own. */
  readonly quota: number;
}

/** Of a chunk that is not the last of its difference, who fills more than this part of it reads on by itself. */
const SHARES = 8;

export class Backlog {
  private readonly common: Cursor;
  private readonly cursors = new Map<string, Cursor>();
  /** Per partition, the tenants in turn with their packs in order. */
  private readonly queues: Map<string, Queued[]>[];
  private readonly waiting = new Map<string, number>();
  private readonly unpublished = new Map<Snapshot, number>();
  /** In the order they were taken. Not by `takenAt`: clocks are set back, snapshots are not. */
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

  /** Whether a chunk of a difference already begun is still to be read. */
  get isReading(): boolean {
    return this.common.until !== undefined || this.cursors.size > 0;
  }

  /** The next reading of the common lane, if there is room for it. */
  nextCommon(): Reading | undefined {
    if (this.size >= this.limits.capacity) return undefined;
    return { tenant: undefined, except: [...this.cursors.keys()], ...this.common };
  }

  /** The next reading of a tenant's own lane: of the first one whose tenant has little left in memory. */
  nextOwn(): Reading | undefined {
    for (const [tenant, cursor] of this.cursors) {
      if ((this.waiting.get(tenant) ?? 0) > this.limits.quota / 2) continue;
      const target = this.common.until ?? this.common.since;
      if (cursor.until === undefined && cursor.since === target) {
        if (this.common.until === undefined) this.cursors.delete(tenant);
        continue;
      }
      // Turns: the lane that is read goes to the end.
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

  /** Packs to publish again. They hold no position back: what they repeat is already behind it. */
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

  /** Nobody may keep the common lane from reaching its end: that is where the next tenant's events are. */
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
