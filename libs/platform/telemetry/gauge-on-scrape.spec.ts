import { register } from 'prom-client';
import { gaugeOnScrape } from './gauge-on-scrape.js';

const fails = () => Promise.reject(new Error('away'));
const samplesOf = async (name: string) =>
  (await register.metrics()).split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));

it('is read at each scrape', async () => {
  let waiting = 1;
  gaugeOnScrape('waiting', 'help', () => waiting);
  expect(await samplesOf('waiting')).toEqual(['waiting 1']);
  waiting = 2;
  expect(await samplesOf('waiting')).toEqual(['waiting 2']);
});

it('is absent and not old when it cannot be read, and leaves the other metrics readable', async () => {
  let read: () => number | Promise<number> = () => 5;
  gaugeOnScrape('waiting', 'help', () => read());
  gaugeOnScrape('other', 'help', () => 1);
  expect(await samplesOf('waiting')).toEqual(['waiting 5']);
  read = fails;
  expect(await samplesOf('waiting')).toEqual([]);
  expect(await samplesOf('other')).toEqual(['other 1']);
  read = () => 6;
  expect(await samplesOf('waiting')).toEqual(['waiting 6']);
});

it('removes the values of its label that no longer exist, and all of them when it cannot be read', async () => {
  let read: () => Record<string, number> | Promise<never> = () => ({ acme: 1, bolt: 2 });
  gaugeOnScrape('busiest', 'help', () => read(), 'tenant');
  expect(await samplesOf('busiest')).toEqual(['busiest{tenant="acme"} 1', 'busiest{tenant="bolt"} 2']);
  read = () => ({ bolt: 3 });
  expect(await samplesOf('busiest')).toEqual(['busiest{tenant="bolt"} 3']);
  read = fails;
  expect(await samplesOf('busiest')).toEqual([]);
});

it('counts each time that it could not be read', async () => {
  gaugeOnScrape('counted', 'help', fails);
  await samplesOf('counted');
  await samplesOf('counted');
  const counts = (await register.getSingleMetric('metrics_unreadable_total')!.get()).values;
  expect(counts.find(({ labels }) => labels['metric'] === 'counted')?.value).toBe(2);
});
