/**
 * Signals within this process after a commit: `outbox` wakes the relay and the live streams. A lost signal costs
 * latency and never an event, because every listener also polls.
 */
type Listener = (tenant: string) => void;

export class CommitSignals {
  private readonly listeners = new Map<string, Set<Listener>>();

  on(topic: string, listener: Listener): () => void {
    const listeners = this.listeners.get(topic) ?? new Set();
    this.listeners.set(topic, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  announce(topic: string, tenant: string): void {
    for (const listener of this.listeners.get(topic) ?? []) listener(tenant);
  }
}
