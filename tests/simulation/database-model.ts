/**
 * A model of the parts of PostgreSQL on which the protocol relies: transactions that commit in another order than they began,
 * snapshots, row locks on aggregates, leases by the database's clock, and one atomic change per method.
 */
import type { Place } from '#platform/inbox/worker';
import type { Chunk, Key, LeaseRow, Pack, Reading, Snapshot } from '#platform/outbox/relay';

export interface SimulatedEvent {
  readonly id: number;
  readonly tenant: string;
  readonly key: string;
  readonly partition: number;
  readonly version: number;
}

interface Row {
  readonly xid: number;
  readonly seq: number;
  readonly event: SimulatedEvent;
}

export interface Failed {
  readonly event: SimulatedEvent;
  attempts: number;
  dueAt: number | undefined;
}

interface ConsumerLease {
  token: number;
  holder: string | undefined;
  expiresAt: number;
}

/** Small, so that a history of twenty events has chunks, packs and cursors in it. */
const CHUNK = 3;

export class DatabaseModel {
  clock = 1_000;
  relayLease: LeaseRow | undefined;
  position: { token: bigint; snapshot: Snapshot } | undefined;
  confirmed: string | undefined;
  readonly members = new Map<string, number>();
  readonly leases: ConsumerLease[];
  readonly gate = new Map<string, Place>();
  readonly deferred = new Map<string, Map<number, SimulatedEvent>>();
  readonly failed = new Map<string, Failed>();
  readonly inbox = new Set<number>();
  readonly effects: SimulatedEvent[] = [];
  readonly outbox: Row[] = [];
  private readonly open = new Map<number, { rows: Row[]; keys: string[] }>();
  private readonly versions = new Map<string, number>();
  private readonly locked = new Set<string>();
  private nextXid = 10;
  private nextSeq = 1;
  private nextId = 1;

  constructor(readonly partitions: number) {
    this.leases = Array.from({ length: partitions }, () => ({ token: 0, holder: undefined, expiresAt: -Infinity }));
  }

  /** Writes one event of each aggregate that no other transaction has locked, and stays open. */
  begin(keys: readonly { tenant: string; key: string; partition: number }[]): number | undefined {
    const free = keys.filter(({ key }) => !this.locked.has(key));
    if (free.length === 0) return undefined;
    const xid = this.nextXid++;
    const rows = free.map(({ tenant, key, partition }) => {
      this.locked.add(key);
      const version = (this.versions.get(key) ?? 0) + 1;
      return { xid, seq: this.nextSeq++, event: { id: this.nextId++, tenant, key, partition, version } };
    });
    this.open.set(xid, { rows, keys: free.map(({ key }) => key) });
    return xid;
  }

  end(xid: number, isCommit: boolean): void {
    const { rows, keys } = this.open.get(xid)!;
    this.open.delete(xid);
    for (const key of keys) this.locked.delete(key);
    if (!isCommit) return;
    for (const row of rows) this.versions.set(row.event.key, row.event.version);
    this.outbox.push(...rows);
  }

  get openTransactions(): number[] {
    return [...this.open.keys()];
  }

  snapshot(): Snapshot {
    return { text: `${this.nextXid}:${[...this.open.keys()].join(',')}`, takenAt: new Date(this.clock) };
  }

  read(reading: Reading): Chunk {
    const until = reading.until ?? this.snapshot();
    const isWanted = (tenant: string) =>
      reading.tenant === undefined ? !reading.except.includes(tenant) : tenant === reading.tenant;
    return this.chunk(reading.since.text, until, reading.after, ({ tenant }) => isWanted(tenant));
  }

  /** The events visible in `until` and not in `since` that the consumer has not recorded. */
  missing(since: string, until: string): Pack[] {
    const snapshot = { text: until, takenAt: new Date(this.clock) };
    const packs: Pack[] = [];
    for (let after: Key | undefined; ;) {
      const chunk = this.chunk(since, snapshot, after, (event) => !this.holds(event));
      packs.push(...chunk.packs);
      if (!(after = chunk.next)) return packs;
    }
  }

  holds(event: SimulatedEvent): boolean {
    return (
      this.inbox.has(event.id) ||
      (this.deferred.get(event.key)?.has(event.version) ?? false) ||
      this.failed.get(event.key)?.event.version === event.version
    );
  }

  savePosition(token: bigint, snapshot: Snapshot): boolean {
    if (this.relayLease?.token !== token) return false;
    this.position = { token, snapshot };
    return true;
  }

  private chunk(
    since: string,
    until: Snapshot,
    after: Key | undefined,
    isWanted: (event: SimulatedEvent) => boolean,
  ): Chunk {
    const from = after ? { xid: Number(after.xid), seq: Number(after.seq) } : { xid: 0, seq: 0 };
    const rows = this.outbox
      .filter(
        ({ xid, seq, event }) =>
          (xid > from.xid || (xid === from.xid && seq > from.seq)) &&
          !sees(since, xid) &&
          sees(until.text, xid) &&
          isWanted(event),
      )
      .sort((a, b) => a.xid - b.xid || a.seq - b.seq)
      .slice(0, CHUNK);
    const last = rows.at(-1);
    const packs = rows
      .toSorted((a, b) => a.seq - b.seq)
      .map(({ event }) => ({
        tenant: event.tenant,
        partition: event.partition,
        count: 1,
        events: JSON.stringify(event),
      }));
    const next = rows.length === CHUNK && last ? { xid: String(last.xid), seq: BigInt(last.seq) } : undefined;
    return { packs, until, next };
  }
}

export const BEGINNING: Snapshot = { text: '1:', takenAt: new Date(0) };

const parsed = new Map<string, { next: number; open: ReadonlySet<number> }>();

function sees(snapshot: string, xid: number): boolean {
  let facts = parsed.get(snapshot);
  if (!facts) {
    const [next, open] = snapshot.split(':') as [string, string];
    facts = { next: Number(next), open: new Set(open.split(',').map(Number)) };
    parsed.set(snapshot, facts);
  }
  return xid < facts.next && !facts.open.has(xid);
}
