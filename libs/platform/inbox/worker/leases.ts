/**
 * The leases that this worker holds. They are renewed in the background. A batch may rely on `tokens`. A partition leaves it as
 * soon as a renewal returns without the partition, Redis holds a higher token, or no renewal has succeeded for the length of a
 * lease.
 */
import type { EventStreams } from '#platform/streams';
import { planLeases } from './lease-plan.js';
import type { HeldLease, LeaseRepository } from './lease-repository.js';

export class Leases {
  private held = new Map<string, Map<number, number>>();
  private renewedAt = -Infinity;
  private recoveryEpoch = 0;

  constructor(
    private readonly repository: LeaseRepository,
    private readonly streams: EventStreams,
    private readonly consumers: readonly string[],
    private readonly ttlMs: number,
    /** Called before partitions are given away, so that a running batch can end. */
    private readonly onRelease: (consumer: string) => Promise<void>,
  ) {}

  /** Partition → fencing token. */
  tokens(consumer: string): ReadonlyMap<number, number> {
    if (performance.now() - this.renewedAt > this.ttlMs) return new Map();
    return this.held.get(consumer) ?? new Map();
  }

  /**
   * The recovery epoch in which the leases are held. Confirming a newer epoch raises all fencing tokens in the same
   * transaction, so a batch that relies on the old epoch is refused together with its leases.
   */
  get recovery(): number {
    return this.recoveryEpoch;
  }

  /** When the last successful renewal was sent to PostgreSQL, as `performance.now()`. */
  get lastRenewal(): number {
    return this.renewedAt;
  }

  get count(): number {
    return this.consumers.reduce((sum, consumer) => sum + this.tokens(consumer).size, 0);
  }

  lost(consumer: string, partition: number): void {
    this.held.get(consumer)?.delete(partition);
  }

  async prepare(): Promise<void> {
    await this.repository.prepare(this.consumers, this.streams.names.partitions);
  }

  /** One round: read and renew, plan, take, release, announce. */
  async tend(): Promise<void> {
    let askedAt = performance.now();
    const view = await this.repository.look(this.consumers, this.streams.names.partitions);
    let { held, recovery } = view;
    let hasChanged = false;
    for (const consumer of this.consumers) {
      const leases = view.leases.filter((lease) => lease.engine === consumer);
      const plan = planLeases(leases, view.members.get(consumer) ?? [], this.repository.holder);
      if (plan.take.length > 0) await this.repository.take(consumer, plan.take);
      if (plan.release.length > 0) await this.giveAway(consumer, plan.release);
      hasChanged ||= plan.take.length + plan.release.length > 0;
    }
    if (hasChanged) {
      askedAt = performance.now();
      ({ held, recovery } = await this.repository.renew());
    }
    await this.adopt(held, askedAt, recovery);
  }

  async leave(): Promise<void> {
    this.held.clear();
    await this.repository.leave();
  }

  private async giveAway(consumer: string, partitions: readonly number[]): Promise<void> {
    for (const partition of partitions) this.lost(consumer, partition);
    await this.onRelease(consumer);
    await this.repository.release(consumer, partitions);
  }

  private async adopt(leases: readonly HeldLease[], askedAt: number, recovery: number): Promise<void> {
    const held = new Map<string, Map<number, number>>();
    for (const consumer of this.consumers) {
      const tokens = new Map(
        leases.filter((lease) => lease.engine === consumer).map((lease) => [lease.partition, lease.token]),
      );
      const announced = await this.streams.announceConsumer(consumer, tokens);
      held.set(consumer, new Map([...tokens].filter(([partition]) => announced.has(partition))));
    }
    this.recoveryEpoch = recovery;
    this.held = held;
    this.renewedAt = askedAt;
  }
}
