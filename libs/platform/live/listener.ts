/** One open connection of the live stream, as text/event-stream. */
import { type Position, textOf } from './position.js';
import type { Chunk } from './window.js';

/** The part of a server response that a stream needs. */
export interface Answer {
  readonly writableLength: number;
  /** The reader left before anything was said. */
  readonly destroyed: boolean;
  writeHead(status: number, headers: Record<string, string>): void;
  write(text: string): boolean;
  end(): void;
  on(event: 'close', listener: () => void): void;
}

/** Unsent bytes after which a reader is too slow: it reconnects with its last id and has lost nothing. */
const SLOW_BYTES = 262_144;
const HEARTBEAT_MS = 15_000;
/** Within this time a reader who signed out, or whose store was closed, hears no more. */
const REVIEW_MS = 5_000;

export class Listener {
  private isOpen = true;
  private timers: NodeJS.Timeout[] = [];

  /** `review` rejects once its session may not listen any more. */
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
      // Nginx would hold the messages back until its buffer is full.
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

/** Every message carries where to go on after it, so that a connection may tear anywhere. */
export function messagesOf({ events }: Pick<Chunk, 'events'>): string {
  return events
    .map(({ at, ...event }) => `id: ${textOf(at)}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    .join('');
}

/** An id without data: the browser keeps it for the next connection and tells the page nothing. */
export function bookmarkOf(position: Position): string {
  return `id: ${textOf(position)}\n\n`;
}

/** Too much was missed to tell it one by one: the page should read again what it shows. */
export function resetTo(position: Position): string {
  return `id: ${textOf(position)}\nevent: stream.reset\ndata: {"type":"stream.reset"}\n\n`;
}
