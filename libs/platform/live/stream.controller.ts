/**
 * `GET /stream`. Woken by this process's own commits and by the others' through Redis; a look every two seconds covers a
 * lost wake-up, and its session check ends the stream of who was signed out.
 */
import { Controller, Inject, type OnApplicationShutdown } from '@nestjs/common';
import { stream } from '#contracts/http/stream';
import { errorTable } from '#kernel';
import { TenantDatabase, type TenantScope } from '#platform/database';
import { type CallOf, Handle } from '#platform/http';
import { OUTBOX_SIGNAL } from '#platform/outbox';
import { feedSince, feedStart, messagesOf, snapshotOf } from './feed.js';

const errors = errorTable({
  too_many_streams: ['too_many_requests', 'This store has too many live streams open.'],
});

const STREAMS_PER_TENANT = 100;
const LOOK_MS = 2_000;
const HEARTBEAT_MS = 15_000;
/** Unsent bytes after which a reader is too slow: it reconnects with its last id. */
const SLOW_BYTES = 262_144;

@Controller()
export class StreamController implements OnApplicationShutdown {
  private readonly open = new Map<string, Set<LiveStream>>();

  constructor(@Inject(TenantDatabase) private readonly database: TenantDatabase) {
    database.signals.on(OUTBOX_SIGNAL, (tenant) => this.wake(tenant));
  }

  @Handle(stream)
  async stream(call: CallOf<typeof stream>) {
    const streams = this.open.get(call.tenant.id) ?? new Set();
    if (streams.size >= STREAMS_PER_TENANT) throw errors.too_many_streams({ retryAfterSeconds: 10 });
    const given = snapshotOf(call.header('last-event-id'));
    // The first look also asks for admission, so that a refusal is still an ordinary answer.
    const from = given ?? (await feedStart(this.database, call.scope));
    const live = new LiveStream(this.database, call.scope, from, call.takeOver());
    this.open.set(call.tenant.id, streams.add(live));
    live.whenClosed(() => streams.delete(live));
    live.start();
    return '';
  }

  onApplicationShutdown(): void {
    for (const streams of this.open.values()) for (const live of streams) live.close();
  }

  private wake(tenant: string): void {
    for (const live of this.open.get(tenant) ?? []) live.look();
  }
}

export interface RawAnswer {
  readonly writableLength: number;
  writeHead(status: number, headers: Record<string, string>): void;
  write(text: string): boolean;
  end(): void;
  on(event: 'close', listener: () => void): void;
}

class LiveStream {
  private looking = false;
  private again = false;
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly database: TenantDatabase,
    private readonly scope: TenantScope,
    private from: string,
    private readonly answer: RawAnswer,
  ) {}

  start(): void {
    this.answer.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    this.answer.write('retry: 2000\n\n');
    this.timers.push(
      setInterval(() => this.look(), LOOK_MS),
      setInterval(() => this.answer.write(': still here\n\n'), HEARTBEAT_MS),
    );
    this.answer.on('close', () => this.stopTimers());
    this.look();
  }

  whenClosed(action: () => void): void {
    this.answer.on('close', action);
  }

  close(): void {
    this.stopTimers();
    this.answer.end();
  }

  /** One look at a time; wake-ups during a look ask for one more. */
  look(): void {
    this.again = true;
    if (!this.looking) void this.run();
  }

  private async run(): Promise<void> {
    this.looking = true;
    try {
      while (this.again) {
        this.again = false;
        const page = await feedSince(this.database, this.scope, this.from);
        this.from = page.snapshot;
        if (page.events.length > 0) this.answer.write(messagesOf(page));
        if (this.answer.writableLength > SLOW_BYTES) this.close();
      }
    } catch {
      // Signed out, suspended, or no database: the reader reconnects and hears which.
      this.close();
    } finally {
      this.looking = false;
    }
  }

  private stopTimers(): void {
    for (const timer of this.timers) clearInterval(timer);
  }
}
