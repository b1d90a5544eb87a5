import { register } from 'prom-client';
import { startLeading, stopLeading, measureStreams } from './metrics.js';

const NOW = 1_000_000;

async function figures(name: string): Promise<number[]> {
  return (await register.getSingleMetric(name)!.get()).values.map(({ value }) => value);
}

async function lagOf(last: string, delivered: string): Promise<number[]> {
  measureStreams(['stock'], [{ last, length: 1, groups: [{ delivered, pending: 0, oldestPending: undefined }] }], NOW);
  return figures('stream_lag_seconds');
}

it('counts the lag from the last entry taken, so that it grows while a consumer is dead', async () => {
  expect(await lagOf('990000-0', '940000-0')).toEqual([60]);
});

it('shows no lag of a consumer that has taken all entries, however long ago', async () => {
  expect(await lagOf('10000-3', '10000-3')).toEqual([0]);
  expect(await lagOf('0-0', '0-0')).toEqual([0]);
});

it('does not show fifty years of lag for a partition from which a consumer has never taken an entry', async () => {
  expect(await lagOf('995000-0', '0-0')).toEqual([5]);
});

it('does not go below zero when the clocks of Redis and the relay differ', async () => {
  expect(await lagOf('1000500-0', '1000400-0')).toEqual([0]);
});

it('resets the gauges of the leader when the relay stops leading', async () => {
  startLeading();
  await lagOf('990000-0', '940000-0');
  expect(await figures('outbox_relay_leader')).toEqual([1]);
  stopLeading();
  expect(await figures('outbox_relay_leader')).toEqual([0]);
  for (const name of ['stream_lag_seconds', 'stream_entries', 'stream_pending_entries'])
    expect({ name, figures: await figures(name) }).toEqual({ name, figures: [] });
});
