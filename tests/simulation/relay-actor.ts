/** The relay in small steps, made of the same decision functions as the real one. */
import { Backlog, claimLease, entriesOf, type Frontier, isReached, type Pack, Window } from '#platform/outbox/relay';
import { BEGINNING, type DatabaseModel } from './database-model.js';
import type { Mistakes } from './history.js';
import type { Random } from './random.js';
import type { RedisModel } from './redis-model.js';

/** Longer than several steps of one actor, shorter than a history. */
const LEASE = 120;

export class RelayActor {
  private token: bigint | undefined;
  private backlog: Backlog | undefined;
  private window!: Window;
  private inHand: Pack[] = [];
  private frontier: Frontier | undefined;
  /** Used by the planted bug that polls by id. */
  private cursor = 0;

  constructor(
    private readonly name: string,
    private readonly database: DatabaseModel,
    private readonly redis: RedisModel,
    private readonly random: Random,
    private readonly mistakes: Mistakes,
  ) {}

  /** Drops all state, as kill -9 does. */
  crash(): void {
    this.token = undefined;
    this.backlog = undefined;
    this.inHand = [];
    this.frontier = undefined;
  }

  step(): void {
    if (!this.backlog) return this.claim();
    // A publish that was begun continues, whatever has happened in between.
    if (this.inHand.length > 0) return this.send();
    switch (this.random.below(8)) {
      case 0:
        return this.claim();
      case 1:
        return this.save();
      case 2:
        return this.reconcile();
      case 3:
        return this.redis.trim();
      case 4:
      case 5:
        return this.read();
      default:
        this.takeOut();
    }
  }

  /** Runs every step once, with no other actor in between. */
  round(): void {
    this.claim();
    if (!this.backlog) return;
    this.read();
    this.reconcile();
    if (this.backlog && this.inHand.length === 0) this.takeOut();
    if (this.inHand.length > 0) this.send();
    if (this.backlog) this.save();
    this.redis.trim();
  }

  private takeOut(): void {
    this.inHand = this.backlog!.take(Math.min(3, this.window.room), (partition) => this.window.roomOf(partition));
  }

  private claim(): void {
    const { database } = this;
    const claim = claimLease(database.relayLease, this.name, new Date(database.clock));
    if (claim.kind === 'wait') return this.crash();
    const isNew = claim.token !== this.token || !this.backlog;
    database.relayLease = { token: claim.token, holder: this.name, expiresAt: new Date(database.clock + LEASE) };
    if (!isNew) return;
    this.crash();
    if (!this.redis.announce('relay', Number(claim.token))) return;
    this.redis.ensureGroups();
    this.token = claim.token;
    this.backlog = new Backlog(database.position?.snapshot ?? BEGINNING, database.partitions, {
      capacity: 12,
      quota: 3,
    });
    this.window = new Window(database.partitions, { total: 6, perPartition: 4 });
  }

  private read(): void {
    const backlog = this.backlog!;
    if (this.mistakes.pollsById) return this.pollById();
    const common = backlog.nextCommon();
    if (common) backlog.accept(common, this.database.read(common));
    const own = backlog.nextOwn();
    if (own) backlog.accept(own, this.database.read(own));
  }

  private pollById(): void {
    const rows = this.database.outbox.filter((row) => row.seq > this.cursor).sort((a, b) => a.seq - b.seq);
    for (const { seq, event } of rows) {
      this.cursor = seq;
      this.inHand.push({ tenant: event.tenant, partition: event.partition, count: 1, events: JSON.stringify(event) });
    }
  }

  private send(): void {
    const packs = this.inHand;
    this.inHand = [];
    const entries = entriesOf(packs, 2);
    const { answer, ids } = this.redis.publish(Number(this.token), entries);
    if (answer !== 'OK') return this.crash();
    this.window.added(entries, ids);
    if (!this.mistakes.pollsById) this.backlog!.published(packs);
  }

  private save(): void {
    if (this.mistakes.pollsById) return;
    if (!this.database.savePosition(this.token!, this.backlog!.position())) this.crash();
  }

  private reconcile(): void {
    const places = this.redis.survey();
    this.window.observed(places);
    if (this.mistakes.neverReconciles || this.mistakes.pollsById) return;
    const { frontier } = this;
    if (!frontier) {
      this.frontier = { snapshot: this.backlog!.position().text, last: places.map((place) => place.last) };
    } else if (isReached(frontier, places, 0)) {
      this.frontier = undefined;
      const missing = this.database.missing(this.database.confirmed ?? BEGINNING.text, frontier.snapshot);
      if (missing.length > 0) this.backlog!.repeat(missing);
      else if (this.database.relayLease?.token === this.token) this.database.confirmed = frontier.snapshot;
    }
  }
}
