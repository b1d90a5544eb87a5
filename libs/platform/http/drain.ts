/**
 * The end of a process that serves requests: SIGTERM ─▶ readiness answers 503 ─▶ (DRAIN_SECONDS) ─▶ the listener closes, requests
 * in flight are answered ─▶ exit 0. Whoever spreads the requests hears of it before the door is shut, so none is refused.
 */
import type { Server } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { SETTINGS, type Settings } from '#platform/config';

const CLEARING_MS = 100;
/** A closed listener watches no request's time any more, so somebody has to: as long as a request may take at all. */
const LAST_ANSWER_MS = 30_000;

@Injectable()
export class Drain implements BeforeApplicationShutdown {
  private isStopping = false;

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {}

  /** For readiness: rejects from the signal on. */
  check(): Promise<void> {
    return this.isStopping ? Promise.reject(new Error('stopping')) : Promise.resolve();
  }

  /** A request that comes now is answered, and its connection ends with it: the next one goes to another process. */
  get isClosingConnections(): boolean {
    return this.isStopping;
  }

  /** Without a signal somebody closes the application from inside; nobody sends requests to it. */
  async beforeApplicationShutdown(signal?: string): Promise<void> {
    if (signal === undefined) return;
    this.isStopping = true;
    await pause(this.settings.DRAIN_SECONDS * 1_000);
    const server = this.host.httpAdapter.getHttpServer() as Server;
    // The listener waits for its connections, and one whose request came before the signal would be kept for 75 s more.
    setInterval(() => server.closeIdleConnections(), CLEARING_MS).unref();
    setTimeout(() => server.closeAllConnections(), LAST_ANSWER_MS).unref();
  }
}
