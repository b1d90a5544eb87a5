/**
 * `npm run bench [-- ROW …] [-- --write] [-- --json FILE]`: the table of docs/performance.md. Every figure has a floor
 * or a peer that is measured in the same run, alternately with it. It ends with 1 when a target is missed.
 * bench/regression.mjs compares FILE with its baseline.
 */
import { writeFileSync } from 'node:fs';
import { connectRedis } from '#platform/streams';
import { machine, type NamedRatio, namedRatios, table, writeInto } from './report.js';
import type { Figure, Row } from './row.js';
import { backlog } from './rows/backlog.js';
import { billing } from './rows/billing.js';
import { engines } from './rows/engines.js';
import { gateway } from './rows/gateway.js';
import { latency } from './rows/latency.js';
import { isolation, list } from './rows/list.js';
import { outboxCost } from './rows/outbox-cost.js';
import { startup } from './rows/startup.js';
import { tenants } from './rows/tenants.js';
import { Stage } from './stage.js';

const ROWS: readonly Row[] = [
  list,
  isolation,
  gateway,
  tenants,
  outboxCost,
  backlog,
  latency,
  startup,
  engines,
  billing,
];

const args = process.argv.slice(2);
const [, jsonFile] = args.includes('--json') ? args.splice(args.indexOf('--json'), 2) : [];
const isJsonNameless = process.argv.includes('--json') && (jsonFile ?? '--').startsWith('--');
const wanted = args.filter((arg) => !arg.startsWith('--'));
const unknown = wanted.find((name) => !ROWS.some((row) => row.name === name));
if (unknown !== undefined) {
  process.stderr.write(`bench: there is no row ${unknown}; rows: ${ROWS.map((row) => row.name).join(', ')}\n`);
  process.exit(2);
}
if (isJsonNameless) {
  process.stderr.write('bench: --json needs the name of a file\n');
  process.exit(2);
}
const { DATABASE_URL, REDIS_URL } = process.env;
if (!DATABASE_URL || !REDIS_URL) throw new Error('DATABASE_URL and REDIS_URL are set by `npm run bench`');

const startedAt = performance.now();
const progress = (text: string) =>
  process.stderr.write(`${((performance.now() - startedAt) / 1_000).toFixed(0).padStart(5)}s  ${text}\n`);

const stage = await Stage.open(DATABASE_URL, REDIS_URL);
// A signal to the bench alone also stops its children, because a vertical that keeps running would disturb the next
// run.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void stage.clear().finally(() => process.exit(130)));
const figures: Figure[] = [];
const named: NamedRatio[] = [];
for (const row of ROWS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  progress(row.title);
  try {
    const found = await row.run(stage);
    for (const { ours, against, ratio } of found) progress(`  ${ours} · ${against}${ratio ? ` · ${ratio}` : ''}`);
    figures.push(...found);
    named.push(...namedRatios(row.name, found));
  } finally {
    await stage.clear();
  }
}
const facts = machine({
  postgres: await stage.serverFacts(),
  redis: await redisVersion(REDIS_URL),
  minutes: Math.round((performance.now() - startedAt) / 60_000),
});
await stage.close();
process.stdout.write(`\n${facts}\n\n${table(figures)}\n`);
if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify({ facts, figures: named }, null, 2)}\n`);
if (args.includes('--write')) writeInto('docs/performance.md', facts, figures);
const missed = figures.filter(({ holds }) => holds === false);
process.stdout.write(`\n${missed.length === 0 ? 'every ask holds' : `${missed.length} asked ratios are missed`}\n`);
process.exit(missed.length === 0 ? 0 : 1);

async function redisVersion(url: string): Promise<string> {
  const redis = connectRedis({ url, name: 'bench' });
  const version = /redis_version:(\S+)/.exec(await redis.info('server'))?.[1] ?? 'unknown';
  redis.disconnect();
  return version;
}
