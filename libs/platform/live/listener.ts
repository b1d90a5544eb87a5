/** One open connection of the live stream, as text/event-stream. */
import { type Position, textOf } from './position.js';
import type { Chunk } from './window.js';

/** The part of a server response that the stream uses. */
export interface Answer {
  readonly writableLength: number;
  /** The reader disconnected before anything was sent. */
  readonly destroyed: boolean;
  writeHead(status: number, headers: Record<string, string>): void;
  write(text: string): boolean;
  end(): void;
  on(event: 'close', listener: () => void): void;
}

/** With this many unsent bytes a reader is disconnected as too slow. It reconnects with its last id and loses nothing. */
const SLOW_BYTES = 262_144;
const HEARTBEAT_MS = 15_000;
/** After at most this time, a reader who signed out or whose store was closed gets no more events. */
const REVIEW_MS = 5_000;

export class Listener {
  private isOpen = true;
  private timers: NodeJS.Timeout[] = [];

  /** `review` rejects when the session may no longer listen. */
  constructor(
    private readonly answer: Answer,
    private readonly review: () => Promise<unknown>,
  ) {
    if (answer.destroyed) {
      this.isOpen = false;
      return;
    }
    answer.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // Without it, Nginx would delay messages until its buffer is full.
      'x-accel-buffering': 'no',
    });
    answer.write('retry: 2000\n\n');
    this.timers = [
      setInterval(() => this.write(': still here\n\n'), HEARTBEAT_MS),
      setInterval(() => void this.review().catch(() => this.close()), REVIEW_MS),
    ];
    this.whenClosed(() => this.stop());
  }

  whenClosed(action: () => void): void {
    this.answer.on('close', action);
  }

  get isListening(): boolean {
    return this.isOpen;
  }

  write(text: string): void {
    if (!this.isOpen) return;
    this.answer.write(text);
    if (this.answer.writableLength > SLOW_BYTES) this.close();
  }

  close(): void {
    if (!this.isOpen) return;
    this.stop();
    this.answer.end();
  }

  private stop(): void {
    this.isOpen = false;
    for (const timer of this.timers) clearInterval(timer);
  }
}

/** Every message carries the position after it, so that a reader can continue wherever the connection breaks. */
export function messagesOf({ events }: Pick<Chunk, 'events'>): string {
  return events
    .map(({ at, ...event }) => `id: ${textOf(at)}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    .join('');
}

/** An id without data: the browser keeps it for the next connection, and the page gets no event. */
export function bookmarkOf(position: Position): string {
  return `id: ${textOf(position)}\n\n`;
}

/** Tells the page that it missed too many events and must read its data again. */
export function resetTo(position: Position): string {
  return `id: ${textOf(position)}\nevent: stream.reset\ndata: {"type":"stream.reset"}\n\n`;
}
