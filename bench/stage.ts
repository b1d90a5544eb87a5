/**
 * The resources of a row: its own databases on the server of this run, Redis databases that are emptied before use, and
 * child processes that end with the row.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { migrate, migrationsDirectory } from '#platform/database/migrate';
import { connectRedis } from '#platform/streams';

const TEMPLATE = 'bench_template';
const READY_MS = 60_000;
export const ROOT = path.resolve(fileURLToPath(import.meta.url), '../../..');

export const SECRETS = {
  SECRET_KEY: 'sk-8Hq2Lw9Zx4Rt7Vb1Nm5Kp3Js6Gd0FaXy',
  MANAGEMENT_API_KEY: 'mk-3f9Q7xW2bZ8vK1nR5tY6uJ0pL4sD7cE',
  ENCRYPTION_KEY: 'ek-5Tg8Yh1Uj4Ik7Ol2Pm9Qa3Ws6Ed0RfZu',
};

export interface Started {
  readonly child: ChildProcess;
  /** From spawning the process to its first good answer. */
  readonly startMs: number;
}

/** A child that sends `ready`, waits for `go`, and answers once. */
export class Actor {
  private constructor(readonly child: ChildProcess) {}

  static async start(module: string, facts: object): Promise<Actor> {
    const child = fork(path.join(ROOT, 'dist/bench', `${module}.js`), [JSON.stringify(facts)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const actor = new Actor(child);
    await actor.hears('ready');
    return actor;
  }

  go(facts: object = {}): void {
    this.child.send({ say: 'go', ...facts });
  }

  /** Resolves with the message's facts; rejects when the child ends before it has sent it. */
  async hears<Facts extends object>(word: string): Promise<Facts> {
    const over = new AbortController();
    const { signal } = over;
    const gone = once(this.child, 'exit', { signal }).then(([code]) => {
      throw new Error(`${this.child.spawnargs[1]} ended with ${String(code)} before it said ${word}`);
    });
    gone.catch(() => undefined);
    try {
      for (;;) {
        const [message] = (await Promise.race([once(this.child, 'message', { signal }), gone])) as [
          { say: string } & Facts,
        ];
        if (message.say === word) return message;
      }
    } finally {
      over.abort();
    }
  }
}

export class Stage {
  private readonly databases: string[] = [];
  private readonly children: ChildProcess[] = [];

  private constructor(
    private readonly server: string,
    private readonly redisServer: string,
    private readonly admin: pg.Client,
  ) {}

  static async open(server: string, redisServer: string): Promise<Stage> {
    const admin = new pg.Client({ connectionString: server });
    await admin.connect();
    const stage = new Stage(server, redisServer, admin);
    await admin.query(`drop database if exists ${TEMPLATE} with (force)`);
    await admin.query(`create database ${TEMPLATE} template template0`);
    await migrate({ url: stage.urlOf(TEMPLATE), directory: migrationsDirectory() });
    // Makes the daily partitions that a relay keeps ahead. Otherwise the first relay would make them during the
    // measurement, and earlier rows would be in no daily partition; peers also have their tables made before they
    // start.
    await asOwner(stage.urlOf(TEMPLATE), (owner) =>
      owner.query(`select app.ensure_outbox_days(current_date - 1, current_date + 7),
                          app.ensure_inbox_days(current_date - 1, current_date + 7)`),
    );
    return stage;
  }

  /** Facts about the server, for the head of the table. */
  async serverFacts(): Promise<{ version: string; fsync: string; synchronousCommit: string }> {
    const { rows } = await this.admin.query<Record<string, string>>(
      `select current_setting('server_version') as version, current_setting('fsync') as fsync, current_setting('synchronous_commit') as sync`,
    );
    return { version: rows[0]!['version']!, fsync: rows[0]!['fsync']!, synchronousCommit: rows[0]!['sync']! };
  }

  /** A migrated database, dropped at the end of the row. */
  async database(name: string): Promise<string> {
    const full = `bench_${name}`;
    await this.admin.query(`drop database if exists ${full} with (force)`);
    await this.admin.query(`create database ${full} template ${TEMPLATE} strategy file_copy`);
    this.databases.push(full);
    return this.urlOf(full);
  }

  /** An empty Redis database. */
  async redis(number: number): Promise<string> {
    const url = `${this.redisServer.replace(/\/\d*$/, '')}/${number}`;
    const redis = connectRedis({ url, name: 'bench' });
    await redis.flushdb();
    redis.disconnect();
    return url;
  }

  /** A process that listens on PORT; resolves when `probe` answers 200. */
  async process(
    program: string,
    environment: Record<string, string>,
    probe: string,
  ): Promise<Started & { origin: string }> {
    const [port, metricsPort] = [await freePort(), await freePort()];
    const startedAt = performance.now();
    const child = spawn(process.execPath, [path.join(ROOT, program)], {
      env: {
        PATH: process.env['PATH'] ?? '',
        NODE_ENV: 'production',
        ...SECRETS,
        ...environment,
        PORT: String(port),
        METRICS_PORT: String(metricsPort),
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    this.children.push(child);
    const base = probe.startsWith('/') ? `http://127.0.0.1:${port}` : `http://127.0.0.1:${metricsPort}/`;
    await answering(base + probe, child);
    return { child, startMs: performance.now() - startedAt, origin: `http://127.0.0.1:${port}` };
  }

  async actor(module: string, facts: object): Promise<Actor> {
    const actor = await Actor.start(module, facts);
    this.children.push(actor.child);
    return actor;
  }

  /** Ends what the row started and drops its databases. */
  async clear(): Promise<void> {
    await Promise.all(this.children.splice(0).map(ended));
    for (const name of this.databases.splice(0)) await this.admin.query(`drop database if exists ${name} with (force)`);
  }

  async close(): Promise<void> {
    await this.clear();
    await this.admin.query(`drop database if exists ${TEMPLATE} with (force)`);
    await this.admin.end();
  }

  private urlOf(database: string): string {
    const url = new URL(this.server);
    url.pathname = `/${database}`;
    return url.toString();
  }
}

/** Runs statements as the owner of a database, to fill it. */
export async function asOwner<Result>(url: string, work: (owner: pg.Client) => Promise<Result>): Promise<Result> {
  const owner = new pg.Client({ connectionString: url });
  await owner.connect();
  try {
    return await work(owner);
  } finally {
    await owner.end();
  }
}

/** Resolves when `url` answers well; rejects when `child` has ended or takes too long. */
export async function answering(url: string, child: ChildProcess): Promise<void> {
  for (const deadline = performance.now() + READY_MS; performance.now() < deadline; await pause(10)) {
    if (child.exitCode !== null) throw new Error(`${child.spawnargs[1]} ended with ${child.exitCode}`);
    const isReady = await fetch(url).then(
      async (answer) => (await answer.arrayBuffer(), answer.ok),
      () => false,
    );
    if (isReady) return;
  }
  throw new Error(`${url} did not answer within ${READY_MS / 1_000} s`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const insist = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(insist);
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
