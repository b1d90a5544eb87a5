/**
 * The end of a process that serves requests: SIGTERM ─▶ readiness answers 503 ─▶ (DRAIN_SECONDS) ─▶ the listener closes, requests
 * in flight are answered ─▶ exit 0. The load balancer sees the failing readiness before the listener closes, so no request is refused.
 */
import type { Server } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { SETTINGS, type Settings } from '#platform/config';

const CLEARING_MS = 100;
/** A closed listener no longer applies the request timeout, so this limit does: the longest time of a request. */
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

  /** A request in this phase is answered and its connection closed, so the next one goes to another process. */
  get isClosingConnections(): boolean {
    return this.isStopping;
  }

  /** Without a signal the process closes the application itself; then no requests arrive, and no drain is needed. */
  async beforeApplicationShutdown(signal?: string): Promise<void> {
    if (signal === undefined) return;
    this.isStopping = true;
    await pause(this.settings.DRAIN_SECONDS * 1_000);
    const server = this.host.httpAdapter.getHttpServer() as Server;
    // The listener waits for its connections, and a keep-alive connection from before the signal would stay open for 75
    // s.
    setInterval(() => server.closeIdleConnections(), CLEARING_MS).unref();
    setTimeout(() => server.closeAllConnections(), LAST_ANSWER_MS).unref();
  }
}
