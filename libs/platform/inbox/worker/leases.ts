/**
 * The leases this worker holds, kept up in the background. `epochs` is what a batch may rely on; it shrinks the moment a
 * renewal comes back without a partition, Redis shows a higher epoch, or nothing has been renewed for a lease's length.
 */
import type { EventStreams } from '#platform/streams';
import { planLeases } from './lease-plan.js';
import type { HeldLease, LeaseRepository } from './lease-repository.js';

export class Leases {
  private held = new Map<string, Map<number, number>>();
  private renewedAt = -Infinity;
  private recoveryEpoch = 0;

  constructor(
    private readonly store: LeaseRepository,
    private readonly streams: EventStreams,
    private readonly engines: readonly string[],
    private readonly ttlMs: number,
    /** Called before partitions are given away, so that a batch under way can end. */
    private readonly onRelease: (engine: string) => Promise<void>,
  ) {}

  /** Partition → epoch. */
  epochs(engine: string): ReadonlyMap<number, number> {
    if (performance.now() - this.renewedAt > this.ttlMs) return new Map();
    return this.held.get(engine) ?? new Map();
  }

  /**
   * The recovery epoch in which the leases are held. Confirming a newer one raises the leases' epochs in the same transaction,
   * so a batch that relies on an old one is refused with its leases.
   */
  get recovery(): number {
    return this.recoveryEpoch;
  }

  get count(): number {
    return this.engines.reduce((sum, engine) => sum + this.epochs(engine).size, 0);
  }

  lost(engine: string, partition: number): void {
    this.held.get(engine)?.delete(partition);
  }

  async prepare(): Promise<void> {
    await this.store.prepare(this.engines, this.streams.names.partitions);
  }

  /** One round: look and renew, plan, take, release, announce. */
  async tend(): Promise<void> {
    let askedAt = performance.now();
    const view = await this.store.look(this.engines, this.streams.names.partitions);
    let { held, recovery } = view;
    let hasChanged = false;
    for (const engine of this.engines) {
      const leases = view.leases.filter((lease) => lease.engine === engine);
      const plan = planLeases(leases, view.members.get(engine) ?? [], this.store.holder);
      if (plan.take.length > 0) await this.store.take(engine, plan.take);
      if (plan.release.length > 0) await this.giveAway(engine, plan.release);
      hasChanged ||= plan.take.length + plan.release.length > 0;
    }
    if (hasChanged) {
      askedAt = performance.now();
      ({ held, recovery } = await this.store.renew());
    }
    await this.adopt(held, askedAt, recovery);
  }

  async leave(): Promise<void> {
    this.held.clear();
    await this.store.leave();
  }

  private async giveAway(engine: string, partitions: readonly number[]): Promise<void> {
    for (const partition of partitions) this.lost(engine, partition);
    await this.onRelease(engine);
    await this.store.release(engine, partitions);
  }

  private async adopt(leases: readonly HeldLease[], askedAt: number, recovery: number): Promise<void> {
    const held = new Map<string, Map<number, number>>();
    for (const engine of this.engines) {
      const epochs = new Map(
        leases.filter((lease) => lease.engine === engine).map((lease) => [lease.partition, lease.epoch]),
      );
      const announced = await this.streams.announceConsumer(engine, epochs);
      held.set(engine, new Map([...epochs].filter(([partition]) => announced.has(partition))));
    }
    this.recoveryEpoch = recovery;
    this.held = held;
    this.renewedAt = askedAt;
  }
}
