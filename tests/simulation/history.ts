/**
 * One history: stores that write, two relays, two workers and injected faults, all driven by one seed. At the end the faults
 * stop, everything is processed, and the guarantees are checked.
 */
import { DatabaseModel, type SimulatedEvent } from './database-model.js';
import { Random } from './random.js';
import { RedisModel } from './redis-model.js';
import { RelayActor } from './relay-actor.js';
import { WorkerActor } from './worker-actor.js';

/** Bugs that a test can plant, to show that the simulation finds them. */
export interface Mistakes {
  readonly pollsById?: boolean;
  readonly acknowledgesFirst?: boolean;
  readonly hasNoGate?: boolean;
  readonly keepsNoInbox?: boolean;
  readonly ignoresTokens?: boolean;
  readonly neverReconciles?: boolean;
}

export interface HistoryFacts {
  readonly events: number;
  readonly effects: number;
  readonly faults: number;
  readonly dead: number;
  /** The guarantees that were broken, as text; empty when all held. */
  readonly violations: readonly string[];
}

const PARTITIONS = 2;
const STEPS = 160;
const HEALING_ROUNDS = 400;

export function runHistory(seed: number, mistakes: Mistakes = {}): HistoryFacts {
  return new History(seed, mistakes).run();
}

class History {
  private readonly random: Random;
  private readonly database = new DatabaseModel(PARTITIONS);
  private readonly redis: RedisModel;
  private readonly actors: (RelayActor | WorkerActor)[];
  private readonly paused = new Set<RelayActor | WorkerActor>();
  private readonly keys: { tenant: string; key: string; partition: number }[];
  /** Events that are always refused; others are refused at random. */
  private readonly poison: number;
  private isHealing = false;
  private faults = 0;

  constructor(seed: number, mistakes: Mistakes) {
    this.random = new Random(seed);
    this.redis = new RedisModel(PARTITIONS, !mistakes.ignoresTokens);
    this.keys = [0, 1, 2, 3, 4].map((n) => ({
      tenant: n < 3 ? 'noisy' : 'quiet',
      key: `a${n}`,
      partition: n % PARTITIONS,
    }));
    this.poison = this.random.chance(0.3) ? 1 + this.random.below(12) : 0;
    const refuses = (event: SimulatedEvent) =>
      event.id === this.poison || (!this.isHealing && this.random.chance(0.02));
    const relay = (name: string) => new RelayActor(name, this.database, this.redis, this.random, mistakes);
    const worker = (name: string) => new WorkerActor(name, this.database, this.redis, this.random, mistakes, refuses);
    this.actors = [relay('r1'), relay('r2'), worker('w1'), worker('w2')];
  }

  run(): HistoryFacts {
    for (let step = 0; step < STEPS; step++) {
      this.database.clock += this.random.below(4);
      const actor = this.random.pick(this.actors);
      if (this.random.chance(0.2)) this.write();
      else if (this.random.chance(0.08)) this.fault();
      else if (!this.paused.has(actor)) actor.step();
    }
    this.heal();
    const { database } = this;
    return {
      events: database.outbox.length,
      effects: database.effects.length,
      faults: this.faults,
      dead: [...database.failed.values()].filter((failed) => failed.dueAt === undefined).length,
      violations: this.violations(),
    };
  }

  private write(): void {
    const { openTransactions } = this.database;
    if (openTransactions.length > 0 && this.random.chance(0.5)) {
      this.database.end(this.random.pick(openTransactions), this.random.chance(0.9));
    } else {
      this.database.begin(this.keys.filter(() => this.random.chance(0.4)));
    }
  }

  private fault(): void {
    this.faults += 1;
    const actor = this.random.pick(this.actors);
    switch (this.random.below(10)) {
      case 0:
      case 1:
      case 2:
        return actor.crash();
      case 3:
        return void this.paused.add(actor);
      case 4:
        return this.paused.clear();
      case 5:
        return this.redis.flush();
      case 6:
        return this.random.chance(0.5)
          ? this.redis.evict(this.random.below(PARTITIONS))
          : this.redis.removeGroup(this.random.below(PARTITIONS));
      case 7:
        return this.random.chance(0.5) ? this.redis.failOver(1 + this.random.below(2)) : this.redis.trimByLength();
      case 8:
        // The database's clock is changed: leases end early or last longer.
        return void (this.database.clock += this.random.below(300) - 60);
      default:
        return this.repeat();
    }
  }

  /** Publishes old events again, in any order. */
  private repeat(): void {
    const { outbox } = this.database;
    if (outbox.length === 0) return;
    const { event } = this.random.pick(outbox);
    this.redis.add(event.partition, [event]);
  }

  private heal(): void {
    this.isHealing = true;
    this.paused.clear();
    // The leases of stopped processes end in the meantime.
    this.database.clock += 200;
    for (const xid of this.database.openTransactions) this.database.end(xid, true);
    for (let round = 0; round < HEALING_ROUNDS && !this.isQuiet(); round++) {
      this.database.clock += 5;
      for (const actor of this.actors) actor.round();
    }
  }

  private isQuiet(): boolean {
    const { database } = this;
    const isHeldForGood = [...database.failed.values()].every((failed) => failed.dueAt === undefined);
    return (
      isHeldForGood && database.outbox.every(({ event }) => database.inbox.has(event.id) || this.isBehindPoison(event))
    );
  }

  private isBehindPoison(event: SimulatedEvent): boolean {
    const failed = this.database.failed.get(event.key);
    return failed !== undefined && event.version >= failed.event.version && this.database.holds(event);
  }

  private violations(): string[] {
    const { database } = this;
    const found: string[] = [];
    const applied = new Map<string, number>();
    const seen = new Set<number>();
    for (const { id, key, version } of database.effects) {
      if (seen.has(id)) found.push(`E3: event ${id} (${key} version ${version}) had its effect twice`);
      else if (version !== (applied.get(key) ?? 0) + 1)
        found.push(`E4: ${key} went from version ${applied.get(key) ?? 0} to ${version}`);
      seen.add(id);
      applied.set(key, version);
    }
    for (const { event } of database.outbox) {
      const { id, key, version } = event;
      if (seen.has(id) && !database.inbox.has(id)) found.push(`E3: event ${id} had its effect and is not in the inbox`);
      if (!seen.has(id) && !this.isBehindPoison(event))
        found.push(`E2: event ${id} (${key} version ${version}) was lost`);
      const failed = database.failed.get(key);
      if (failed && failed.event.id !== this.poison)
        found.push(`E5: event ${failed.event.id} is held although nothing is wrong with it`);
    }
    if (this.redis.stale > 0) found.push(`E7: ${this.redis.stale} writes of a process past its lease were accepted`);
    return [...new Set(found)];
  }
}
