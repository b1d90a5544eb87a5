import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { median } from '../measure.js';
import type { Figure, Row } from '../row.js';
import { openStores } from '../stores.js';

const STARTS = 5;
const SETTLED_MS = 1_000;
const PROCESSES = [
  ['a bare Nest application', 'dist/bench/peers/bare-nest.js', '/health/ready'],
  ['vertical', 'dist/apps/vertical/main.js', '/health/ready'],
  ['outbox-relay', 'dist/apps/outbox-relay/main.js', 'health/ready'],
  ['engines-worker', 'dist/apps/engines-worker/main.js', 'health/ready'],
] as const;

export const startup: Row = {
  name: 'startup',
  title: 'From spawning a process to its first “ready”, and its memory a second later',
  async run(stage) {
    const url = await stage.database('startup');
    await openStores(url, 2, 10);
    const environment = { DATABASE_URL: url, REDIS_URL: await stage.redis(1), TENANT_SOURCE: 'header' };
    const taken = new Map(
      PROCESSES.map(([name]) => [name as string, { ms: [] as number[], megabytes: [] as number[] }]),
    );
    for (let nth = 0; nth < STARTS; nth++) {
      for (const [name, program, probe] of PROCESSES) {
        const { child, startMs } = await stage.process(program, environment, probe);
        await pause(SETTLED_MS);
        taken.get(name)!.ms.push(startMs);
        taken.get(name)!.megabytes.push(residentMegabytes(child.pid!));
        child.kill('SIGTERM');
        await new Promise((resolve) => child.once('exit', resolve));
      }
    }
    const figures = ([name]: (typeof PROCESSES)[number]) => {
      const { ms, megabytes } = taken.get(name)!;
      return `${(median(ms) / 1_000).toFixed(2)} s, ${median(megabytes).toFixed(0)} MB`;
    };
    const [bare, ...ours] = PROCESSES;
    return ours.map((item): Figure => ({
      work: `Start of ${item[0]}`,
      ours: figures(item),
      against: `${bare[0]} ${figures(bare)}`,
    }));
  },
};

/** Only Linux shows it for another process; elsewhere NaN is printed. */
function residentMegabytes(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
  } catch {
    return NaN;
  }
}
