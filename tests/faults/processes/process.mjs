/**
 * A relay or a worker as a process of its own, from the build, made to die or to stop at a named step of its protocol:
 *
 *   node process.mjs relay '{"databaseUrl": …, "redisUrl": …, "vertical": …, "halt": {"step": "published", "nth": 3, "signal": "SIGKILL"}}'
 *
 * Prints one JSON line per thing worth knowing. Modules are imported one by one and not through their index, which would
 * load Nest as well: starting takes 0.2 s instead of 0.6 s, and a story starts hundreds.
 */
const [kind, text] = process.argv.slice(2);
const options = JSON.parse(text);
const { databaseUrl, redisUrl, vertical, partitions, halt } = options;
const load = (path) => import(new URL(`../../../dist/libs/platform/${path}.js`, import.meta.url).href);

const [{ CrossTenantDatabase }, { connectRedis }, { EventStreams }, { StreamNames }, { composedSql, json }] =
  await Promise.all(
    ['database/crossing', 'streams/redis', 'streams/event-streams', 'streams/names', 'database/sql'].map(load),
  );

const say = (fact) => process.stdout.write(`${JSON.stringify({ at: Date.now(), ...fact })}\n`);
const log = {
  info: (facts, message) => say({ level: 'info', message: message ?? facts, ...facts }),
  warn: (facts, message) =>
    say({ level: 'warn', message: message ?? facts, reason: facts?.reason ?? reasonOf(facts?.err) }),
  error: (facts, message) => say({ level: 'error', message, reason: reasonOf(facts?.err) }),
};
/** What a test's failure shows: the cause says what "the database cannot be reached" was. */
const reasonOf = (error) => error && [error, error.cause].flatMap((each) => each?.message ?? []).join(' ← ');

let left = halt?.nth ?? 0;
const at = (step) => {
  if (step !== halt?.step || --left !== 0) return;
  say({ level: 'halt', message: step });
  process.kill(process.pid, halt.signal);
  // A signal to oneself may be delivered a moment later; the step must not be left before it is.
  const until = Date.now() + 50;
  while (Date.now() < until);
};

const role = kind === 'relay' ? 'basecommerce_relay' : 'basecommerce_engines';
const database = new CrossTenantDatabase({ url: databaseUrl, role, application: `faults ${kind}`, maxConnections: 6 });
const redis = connectRedis({ url: redisUrl, name: `faults ${kind}` });
const streams = new EventStreams(redis, new StreamNames(vertical, partitions));
const holder = `${kind}-${process.pid}-${Date.now()}`;
const subject = kind === 'relay' ? await relay() : await worker();

process.once('SIGTERM', async () => {
  await subject.stop();
  say({ level: 'info', message: 'stopped' });
  process.exit(0);
});
await subject.start();
say({ level: 'info', message: 'started', holder });

async function relay() {
  const [{ Relay }, { RelayRepository }] = await Promise.all(
    ['outbox/relay/relay', 'outbox/relay/relay-repository'].map(load),
  );
  return new Relay({
    repository: new RelayRepository(database, vertical, partitions),
    streams,
    subscriptions: options.subscriptions,
    backlog: { capacity: 40_000, quota: 4_000 },
    window: { total: 4_000, perPartition: 2_000 },
    holder,
    subscriber: connectRedis({ url: redisUrl, name: 'faults wakes' }),
    log,
    at,
    leaseMs: options.leaseMs,
    tendMs: 60,
  });
}

async function worker() {
  const { Worker } = await load('inbox/worker/worker');
  const consumer = {
    name: 'stock',
    aggregates: ['stock'],
    tables: ['fault_effects'],
    apply: async (tx, events) =>
      void (await tx.query(composedSql('select fault_record($1, $2)', ['stock', json(events)]))),
    refresh: async () => 0,
    run: async () => ({ subjects: 0, opened: 0, changed: 0, closed: 0 }),
  };
  return new Worker({
    database,
    streams,
    reader: () => connectRedis({ url: redisUrl, name: 'faults reader', isBlocking: true }),
    consumers: [consumer],
    holder,
    log,
    at,
    leaseMs: options.leaseMs,
  });
}
