/**
 * The live feed of one tenant in this process. One query serves all listeners. The feed is in one of two states:
 *
 *   idle ──wake, tick or join──▶ reading ──no further wake──▶ idle
 *
 * Reading: the feed reads the events from its position to now, sends them to every listener and moves its position. Then it
 * sends each newcomer the events from the newcomer's position to exactly the feed's position, and makes it a listener. A wake
 * comes from a commit in this process or a message of another one; the tick, every two seconds, covers a lost message.
 *
 * Newcomers are served between two reads and only up to the feed's position, so they neither miss an event nor get it twice.
 */
import { sql, type TenantDatabase, type TenantScope } from '#platform/database';
import { bookmarkOf, type Listener, messagesOf, resetTo } from './listener.js';
import type { Position } from './position.js';
import { chunkAfter, nowIn, PositionAhead } from './window.js';

interface Newcomer {
  readonly listener: Listener;
  /** The scope with the newcomer's session, which is checked before every statement. */
  readonly scope: TenantScope;
  readonly from: Position | 'now' | 'too long ago';
}

const TICK_MS = 2_000;
/** At most twenty reads per second, so a burst of commits costs one read. */
const PAUSE_MS = 50;
/** A newcomer that missed more than 10,000 events gets a reset instead. */
const MOST_CHUNKS = 20;

export class TenantFeed {
  private position: Position | undefined;
  private readonly listeners = new Set<Listener>();
  private newcomers: Newcomer[] = [];
  private isLooking = false;
  private isWanted = false;
  private readonly tick = setInterval(() => this.wake(), TICK_MS);

  constructor(
    private readonly database: TenantDatabase,
    /** The tenant without a session. Every listener of the tenant may get the same events. */
    private readonly scope: TenantScope,
    private readonly whenEmpty: () => void,
  ) {
    this.tick.unref();
  }

  get size(): number {
    return this.listeners.size + this.newcomers.length;
  }

  join(newcomer: Newcomer): void {
    if (!newcomer.listener.isListening) return this.leave(newcomer);
    this.newcomers.push(newcomer);
    newcomer.listener.whenClosed(() => this.leave(newcomer));
    this.wake();
  }

  wake(): void {
    this.isWanted = true;
    if (!this.isLooking) void this.look();
  }

  close(): void {
    for (const { listener } of this.newcomers) listener.close();
    for (const listener of this.listeners) listener.close();
  }

  private leave(newcomer: Newcomer): void {
    this.listeners.delete(newcomer.listener);
    this.newcomers = this.newcomers.filter((other) => other !== newcomer);
    if (this.size > 0) return;
    clearInterval(this.tick);
    this.whenEmpty();
  }

  private async look(): Promise<void> {
    this.isLooking = true;
    while (this.isWanted && this.size > 0) {
      this.isWanted = false;
      try {
        await this.advance();
        await this.admitNewcomers();
      } catch {
        // The database is unavailable or was restored. The listeners reconnect with their last id and learn which it is.
        this.position = undefined;
        this.close();
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    this.isLooking = false;
  }

  private async advance(): Promise<void> {
    if (!this.position) {
      const [row] = await this.database.read(this.scope, nowIn());
      this.position = { read: row!.snapshot };
      return;
    }
    for (;;) {
      const chunk = await chunkAfter(this.database, this.scope, this.position, null);
      this.position = chunk.next;
      const text = messagesOf(chunk);
      if (text !== '') for (const listener of this.listeners) listener.write(text);
      if (chunk.isLast) return;
    }
  }

  private async admitNewcomers(): Promise<void> {
    for (let newcomer = this.newcomers[0]; newcomer; newcomer = this.newcomers[0]) {
      await this.bringUp(newcomer);
      this.newcomers = this.newcomers.filter((other) => other !== newcomer);
      if (newcomer.listener.isListening) this.listeners.add(newcomer.listener);
    }
  }

  private async bringUp({ listener, scope, from }: Newcomer): Promise<void> {
    const here = this.position!;
    if (from === 'now') return listener.write(bookmarkOf(here));
    if (from === 'too long ago') return listener.write(resetTo(here));
    try {
      let at: Position = from;
      for (let chunks = 0; chunks < MOST_CHUNKS; chunks++) {
        const chunk = await chunkAfter(this.database, scope, at, here.read);
        listener.write(messagesOf(chunk));
        at = chunk.next;
        if (chunk.isLast) return listener.write(bookmarkOf(here));
        if (!listener.isListening) return;
      }
      listener.write(resetTo(here));
    } catch (error) {
      if (error instanceof PositionAhead) return listener.write(resetTo(here));
      listener.close();
    }
  }
}

/** Checks only the admission: the session guard runs before this statement. */
export const stillAdmitted = sql`select 1 as admitted`;
