/** The worker in small steps, made of the same decision functions as the real one. */
import { afterFailure, type Place, planLeases, sift, UNSEEN } from '#platform/inbox/worker';
import type { DatabaseModel, SimulatedEvent } from './database-model.js';
import type { Mistakes } from './history.js';
import type { Random } from './random.js';
import type { Delivered, RedisModel } from './redis-model.js';

/** Longer than several steps of one actor, shorter than a history. */
const LEASE = 120;
const RETRY = { attempts: 3, firstDelayMs: 5, longestDelayMs: 20 };

interface InHand extends Delivered {
  readonly token: number;
  readonly isApplied: boolean;
}

export class WorkerActor {
  private held = new Map<number, number>();
  private hand: InHand[] = [];

  constructor(
    private readonly name: string,
    private readonly database: DatabaseModel,
    private readonly redis: RedisModel,
    private readonly random: Random,
    private readonly mistakes: Mistakes,
    /** Whether the consumer refuses this event now. */
    private readonly refuses: (event: SimulatedEvent) => boolean,
  ) {}

  crash(): void {
    this.held.clear();
    this.hand = [];
  }

  step(): void {
    const [first] = this.hand;
    if (first && this.random.chance(0.7)) return first.isApplied ? this.acknowledge(first) : this.handle(first);
    switch (this.random.below(5)) {
      case 0:
        return this.tend();
      case 1:
        return this.retry();
      case 2:
        return this.takeReady();
      case 3:
        return this.receive('pending');
      default:
        return this.receive('new');
    }
  }

  /** Runs every step once, with no other actor in between. */
  round(): void {
    this.tend();
    this.receive('pending');
    this.receive('new');
    for (let [first] = this.hand; first; [first] = this.hand) {
      if (first.isApplied) this.acknowledge(first);
      else this.handle(first);
    }
    this.retry();
    this.takeReady();
  }

  private tend(): void {
    const { database, name } = this;
    const { clock, members, leases } = database;
    members.set(name, clock + LEASE);
    const alive = [...members].filter(([, until]) => until > clock).map(([member]) => member);
    const view = leases.map(({ holder, expiresAt }, partition) => ({
      partition,
      holder,
      isExpired: expiresAt <= clock,
    }));
    const plan = planLeases(view, alive, name);
    for (const partition of plan.take)
      Object.assign(leases[partition]!, { holder: name, token: leases[partition]!.token + 1 });
    for (const partition of plan.release) {
      // The real worker waits for a running batch. This one drops its entries, which stay pending.
      this.hand = this.hand.filter((entry) => entry.partition !== partition);
      Object.assign(leases[partition]!, { holder: undefined, expiresAt: clock });
    }
    this.held.clear();
    for (const [partition, lease] of leases.entries()) {
      if (lease.holder !== name) continue;
      lease.expiresAt = clock + LEASE;
      if (this.redis.announce(this.tokenKey(partition), lease.token)) this.held.set(partition, lease.token);
    }
  }

  private receive(what: 'new' | 'pending'): void {
    if (this.hand.length > 2 || this.held.size === 0) return;
    const [partition, token] = this.random.pick([...this.held]);
    const entries = what === 'new' ? this.redis.readNew(partition, 2) : this.redis.readPending(partition, 2);
    if (!entries) return this.redis.ensureGroups();
    for (const entry of entries) {
      const item = { ...entry, token, isApplied: false };
      if (this.mistakes.acknowledgesFirst) this.acknowledge(item);
      this.hand.push(item);
    }
  }

  private handle(entry: InHand): void {
    this.hand.shift();
    if (!this.isMine(entry)) return;
    const events = entry.events ?? [];
    for (const key of new Set(events.map((event) => event.key)))
      this.apply(
        key,
        events.filter((event) => event.key === key),
      );
    this.hand.unshift({ ...entry, isApplied: true });
  }

  private acknowledge(entry: InHand): void {
    this.hand = this.hand.filter((other) => other !== entry);
    const answer = this.redis.acknowledge(this.tokenKey(entry.partition), entry.token, entry.partition, entry.id);
    if (answer === 'SUPERSEDED') this.held.delete(entry.partition);
  }

  /** The part of a batch transaction for one aggregate. The following transactions park a refused event. */
  private apply(key: string, events: readonly SimulatedEvent[], released?: SimulatedEvent): void {
    const { database } = this;
    const stored = database.gate.get(key) ?? UNSEEN;
    const place: Place = released ? { ...stored, isParked: false } : stored;
    const waiting = [...(database.deferred.get(key)?.values() ?? [])];
    const sifted = this.mistakes.hasNoGate ? { apply: events, defer: [], place } : sift(place, [...events, ...waiting]);
    const refused = sifted.apply.findIndex((event) => this.refuses(event));
    const accepted = refused < 0 ? sifted.apply : sifted.apply.slice(0, refused);
    for (const event of accepted) {
      database.effects.push(event);
      if (!this.mistakes.keepsNoInbox) database.inbox.add(event.id);
    }
    const poison = refused < 0 ? undefined : sifted.apply[refused];
    if (released && accepted.includes(released)) database.failed.delete(key);
    if (poison) this.park(key, poison);
    const version = accepted.at(-1)?.version ?? place.version;
    const deferred = database.deferred.get(key) ?? new Map<number, SimulatedEvent>();
    for (const event of [...sifted.defer, ...sifted.apply]) if (event !== poison) deferred.set(event.version, event);
    for (const held of [...deferred.keys()]) if (held <= version) deferred.delete(held);
    database.deferred.set(key, deferred);
    const lowest = Math.min(...deferred.keys());
    const isParked = database.failed.has(key);
    database.gate.set(key, { version, waiting: Number.isFinite(lowest) ? lowest : undefined, isParked });
  }

  private park(key: string, event: SimulatedEvent): void {
    const attempts = (this.database.failed.get(key)?.attempts ?? 0) + 1;
    const next = afterFailure(attempts, this.random.next(), RETRY);
    this.database.failed.set(key, {
      event,
      attempts,
      dueAt: next.state === 'retrying' ? this.database.clock + next.delayMs : undefined,
    });
  }

  private retry(): void {
    for (const [key, { event, dueAt }] of this.database.failed) {
      if (dueAt === undefined || dueAt > this.database.clock || !this.holds(event.partition)) continue;
      this.apply(key, [event], event);
    }
  }

  private takeReady(): void {
    for (const [key, events] of this.database.deferred) {
      const [first] = events.values();
      if (first && this.holds(first.partition)) this.apply(key, []);
    }
  }

  private isMine({ partition, token }: InHand): boolean {
    const lease = this.database.leases[partition]!;
    return lease.holder === this.name && lease.token === token;
  }

  private holds(partition: number): boolean {
    const lease = this.database.leases[partition]!;
    return this.held.get(partition) === lease.token && lease.holder === this.name;
  }

  private tokenKey(partition: number): string {
    return `consumer ${partition}`;
  }
}
