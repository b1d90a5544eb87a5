import { composedSql, TenantDatabase } from '#platform/database';
import { OutboxWaker } from '#platform/outbox';
import { connectRedis, StreamNames } from '#platform/streams';
import { PARTITIONS, VERTICAL } from '../actors/facts.js';
import { prepareEffects, writeAtRate } from '../events.js';
import { median, quantile, rounds } from '../measure.js';
import { atMost, type Figure, type Row, thousands } from '../row.js';
import type { Actor, Stage } from '../stage.js';

const RATES = [200, 1_000];
const SECONDS = 8;
const ROUNDS = 5;
const CONNECTIONS = 10;
/** Events before the first measurement, so that no figure includes the compilation of code that runs for weeks. */
const WARM_UPS = 3;

export const latency: Row = {
  name: 'latency',
  title: 'From sending COMMIT to the handler’s first line, in another process',
  async run(stage): Promise<Figure[]> {
    const ours = await eventPath(stage);
    const floor = await listening(stage);
    for (let nth = 0; nth < WARM_UPS; nth++) {
      await ours.measure(Math.max(...RATES));
      await floor.measure(Math.max(...RATES));
    }
    const figures: Figure[] = [];
    for (const rate of RATES) {
      const p50 = { ours: [] as number[], floor: [] as number[] };
      const p99Of = async (name: 'ours' | 'floor', measure: (rate: number) => Promise<number[]>) => {
        const taken = await measure(rate);
        p50[name].push(quantile(taken, 0.5));
        return quantile(taken, 0.99);
      };
      const found = await rounds(ROUNDS, {
        ours: () => p99Of('ours', ours.measure),
        floor: () => p99Of('floor', floor.measure),
      });
      const percentiles = (name: 'ours' | 'floor') =>
        `p50 ${median(p50[name]).toFixed(1)} ms, p99 ${found.median[name].toFixed(1)} ms`;
      figures.push({
        work: `${this.title}, at ${thousands(rate)}/s`,
        ours: percentiles('ours'),
        against: `LISTEN/NOTIFY ${percentiles('floor')}`,
        ...atMost(found.ratio('ours', 'floor'), 3),
      });
    }
    await Promise.all([ours.close(), floor.close()]);
    return figures;
  },
};

async function eventPath(stage: Stage) {
  const [databaseUrl, redisUrl] = [await stage.database('latency'), await stage.redis(4)];
  await prepareEffects(databaseUrl);
  const writers = new TenantDatabase({ url: databaseUrl, application: 'bench writers', maxConnections: CONNECTIONS });
  const redis = connectRedis({ url: redisUrl, name: 'bench writers' });
  const waker = new OutboxWaker(writers, redis, new StreamNames(VERTICAL, PARTITIONS));
  const relay = await stage.actor('actors/relay', { databaseUrl, redisUrl });
  const worker = await stage.actor('actors/worker', { databaseUrl, redisUrl, isTimed: true });
  relay.go();
  worker.go();
  let written = 0;
  return {
    measure: async (rate: number) => {
      const sent = await writeAtRate(writers, rate, SECONDS, () => undefined);
      written += sent.size;
      return taken(worker, sent, written);
    },
    close: async () => {
      waker.close();
      redis.disconnect();
      await writers.close();
    },
  };
}

/** The same transaction, which also notifies. */
async function listening(stage: Stage) {
  const databaseUrl = await stage.database('listening');
  const writers = new TenantDatabase({ url: databaseUrl, application: 'bench writers', maxConnections: CONNECTIONS });
  const listener = await stage.actor('actors/listener', { databaseUrl });
  listener.go();
  return {
    measure: async (rate: number) => {
      const sent = await writeAtRate(writers, rate, SECONDS, (id) =>
        composedSql(`select pg_notify('bench', $1)`, [id]),
      );
      return taken(listener, sent, sent.size);
    },
    close: () => writers.close(),
  };
}

async function taken(handler: Actor, sent: ReadonlyMap<string, number>, events: number): Promise<number[]> {
  handler.child.send({ say: 'await', events });
  const { arrivals } = await handler.hears<{ arrivals: [string, number][] }>('done');
  return arrivals.flatMap(([id, at]) => (sent.has(id) ? [at - sent.get(id)!] : []));
}
