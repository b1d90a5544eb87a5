import { Queue } from 'bullmq';
import { makeWorkerUtils } from 'graphile-worker';
import PgBoss from 'pg-boss';
import { TenantDatabase } from '#platform/database';
import { PAYLOAD, prepareEffects, writeBacklog } from '../events.js';
import { rounds } from '../measure.js';
import { atLeast, type Figure, perSecond, type Row, thousands } from '../row.js';
import { type Actor, asOwner, type Stage } from '../stage.js';

const EVENTS = 100_000;
/**
 * A smaller backlog, because the tutorial's poller needs a minute where the others need seconds; its rate does not
 * depend on the size.
 */
const POLLED = 10_000;
const ROUNDS = 5;
const CHUNK = 1_000;

export const backlog: Row = {
  name: 'backlog',
  title: `A backlog of ${thousands(EVENTS)} events`,
  async run(stage): Promise<Figure[]> {
    const found = await rounds(ROUNDS, {
      ours: () => cleared(stage, () => ours(stage)),
      graphile: () => cleared(stage, () => graphile(stage)),
      boss: () => cleared(stage, () => boss(stage)),
      bull: () => cleared(stage, () => bull(stage)),
      poller: () => cleared(stage, () => poller(stage)),
    });
    const against = [
      ['graphile', 'graphile-worker, two processes, empty task'],
      ['boss', 'pg-boss, two processes in batches of 1,000, empty handler'],
      ['bull', 'BullMQ, two processes, empty processor'],
      ['poller', 'the tutorial’s poller, acknowledging consumer'],
    ] as const;
    return against.map(([name, label]) => ({
      work: `${this.title}, outbox to exactly-once effect in order`,
      ours: perSecond(found.median.ours),
      against: `${label} ${perSecond(found.median[name])}`,
      ...atLeast(found.ratio('ours', name), 1),
    }));
  },
};

async function cleared(stage: Stage, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } finally {
    await stage.clear();
  }
}

async function ours(stage: Stage): Promise<number> {
  const [databaseUrl, redisUrl] = [await stage.database('backlog'), await stage.redis(2)];
  await prepareEffects(databaseUrl);
  const writers = new TenantDatabase({ url: databaseUrl, application: 'bench writers', maxConnections: 8 });
  await writeBacklog(writers, EVENTS);
  await writers.close();
  await asOwner(databaseUrl, (owner) => owner.query('checkpoint'));
  const relay = await stage.actor('actors/relay', { databaseUrl, redisUrl });
  const worker = await stage.actor('actors/worker', { databaseUrl, redisUrl });
  const startedAt = performance.now();
  relay.go();
  worker.go();
  worker.child.send({ say: 'await', events: EVENTS });
  await worker.hears('done');
  const seconds = (performance.now() - startedAt) / 1_000;
  const { rows } = await asOwner(databaseUrl, (owner) =>
    owner.query<{ sum: string }>('select sum(events) as sum from bench_effects'),
  );
  if (Number(rows[0]!.sum) !== EVENTS) throw new Error(`${rows[0]!.sum} effects of ${EVENTS} events`);
  return EVENTS / seconds;
}

async function graphile(stage: Stage): Promise<number> {
  const databaseUrl = await stage.database('graphile');
  const utils = await makeWorkerUtils({ connectionString: databaseUrl });
  await utils.migrate();
  for (let nth = 0; nth < EVENTS; nth += CHUNK) {
    await utils.addJobs(Array.from({ length: CHUNK }, () => ({ identifier: 'event', payload: PAYLOAD })));
  }
  await utils.release();
  await asOwner(databaseUrl, (owner) => owner.query('checkpoint'));
  return drained(await two(stage, 'actors/graphile-worker', { databaseUrl }), EVENTS);
}

async function boss(stage: Stage): Promise<number> {
  const databaseUrl = await stage.database('boss');
  const filler = new PgBoss({ connectionString: databaseUrl, supervise: false, schedule: false });
  await filler.start();
  await filler.createQueue('events');
  for (let nth = 0; nth < EVENTS; nth += CHUNK) {
    await filler.insert(Array.from({ length: CHUNK }, () => ({ name: 'events', data: PAYLOAD })));
  }
  await filler.stop({ wait: true, graceful: false });
  await asOwner(databaseUrl, (owner) => owner.query('checkpoint'));
  return drained(await two(stage, 'actors/pg-boss', { databaseUrl }), EVENTS);
}

async function bull(stage: Stage): Promise<number> {
  const url = new URL(await stage.redis(3));
  const connection = { port: Number(url.port), db: 3 };
  const queue = new Queue('events', { connection });
  for (let nth = 0; nth < EVENTS; nth += CHUNK) {
    await queue.addBulk(Array.from({ length: CHUNK }, () => ({ name: 'event', data: PAYLOAD })));
  }
  await queue.close();
  return drained(await two(stage, 'actors/bullmq', connection), EVENTS);
}

async function poller(stage: Stage): Promise<number> {
  const [databaseUrl, redisUrl] = [await stage.database('poller'), await stage.redis(2)];
  await asOwner(databaseUrl, async (owner) => {
    await owner.query(`create table tutorial_outbox (id uuid primary key default gen_random_uuid(), data jsonb not null,
                                                     created_at timestamptz not null default clock_timestamp(), published_at timestamptz)`);
    await owner.query('create index on tutorial_outbox (created_at) where published_at is null');
    await owner.query('insert into tutorial_outbox (data) select $1::jsonb from generate_series(1, $2::int)', [
      JSON.stringify(PAYLOAD),
      POLLED,
    ]);
    await owner.query('checkpoint');
  });
  return drained([await stage.actor('actors/poller', { databaseUrl, redisUrl })], POLLED);
}

async function two(stage: Stage, module: string, facts: object): Promise<Actor[]> {
  return [await stage.actor(module, facts), await stage.actor(module, facts)];
}

/** Events per second from `go` until the processes together have handled all. */
async function drained(actors: readonly Actor[], events: number): Promise<number> {
  const handled = actors.map(() => 0);
  const startedAt = performance.now();
  for (const actor of actors) actor.go();
  await new Promise<void>((resolve, reject) => {
    actors.forEach((actor, index) => {
      actor.child.once('exit', (code) => reject(new Error(`a peer ended with ${String(code)}`)));
      actor.child.on('message', (message: { say: string; handled: number }) => {
        if (message.say !== 'handled') return;
        handled[index] = message.handled;
        if (handled.reduce((sum, count) => sum + count, 0) >= events) resolve();
      });
    });
  });
  return events / ((performance.now() - startedAt) / 1_000);
}
