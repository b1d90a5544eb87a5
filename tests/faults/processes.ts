/** Starts relays and workers as processes and reads their messages. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { waitUntil } from '#testing/waiting';
import { type FaultSystem, PARTITIONS, SUBSCRIPTIONS } from './system.js';

export interface Halt {
  readonly step: string;
  readonly nth: number;
  readonly signal: 'SIGKILL' | 'SIGSTOP';
}

export interface Said {
  readonly level: string;
  readonly message: string;
  readonly reason?: string;
}

export class FaultProcess {
  readonly said: Said[] = [];
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  private readonly child: ChildProcess;

  constructor(kind: 'relay' | 'worker', system: FaultSystem, options: { halt?: Halt; leaseMs: number }) {
    const file = path.join(process.cwd(), 'tests/faults/processes/process.mjs');
    const { databaseUrl, redisUrl, vertical } = {
      databaseUrl: system.database.url,
      redisUrl: system.redisUrl,
      vertical: system.vertical,
    };
    const facts = { databaseUrl, redisUrl, vertical, partitions: PARTITIONS, subscriptions: SUBSCRIPTIONS, ...options };
    this.child = spawn(process.execPath, [file, kind, JSON.stringify(facts)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    createInterface({ input: this.child.stdout! }).on('line', (line) => this.said.push(JSON.parse(line) as Said));
    this.exited = new Promise((resolve) => this.child.once('exit', (code, signal) => resolve({ code, signal })));
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Resolves with the first matching message; rejects when the process has ended without one. */
  async says(wanted: (said: Said) => boolean): Promise<Said> {
    const hasSaid = () => this.said.some(wanted);
    await waitUntil('the process says it', () => hasSaid() || !this.isRunning);
    const found = this.said.find(wanted);
    if (!found) throw new Error(`it ended and never said it; it said ${JSON.stringify(this.said)}`);
    return found;
  }

  async stop(): Promise<void> {
    if (!this.isRunning) return;
    this.signal('SIGCONT');
    this.signal('SIGTERM');
    await this.exited;
  }
}
