import { weightOf, default as SlowestFirst } from './test-order.mjs';
import path from 'node:path';

const testsOf = (...files) => files.map((file) => ({ path: path.resolve(file) }));
const SMALL = 'libs/kernel/money.spec.ts';
const LARGE = 'tests/scenarios/billing.int.spec.ts';

describe('the order of the test files', () => {
  it('puts a file with a committed duration before larger ones without', () => {
    const order = new SlowestFirst();
    order.durations = { [SMALL]: 100 };
    expect(order.sort(testsOf(LARGE, SMALL))).toEqual(testsOf(SMALL, LARGE));
  });

  it('goes by size where no duration is known', () => {
    const order = new SlowestFirst();
    order.durations = {};
    expect(order.sort(testsOf(SMALL, LARGE))).toEqual(testsOf(LARGE, SMALL));
    expect(weightOf(LARGE, {})).toBeGreaterThan(weightOf(SMALL, {}));
  });

  it('gives every file to exactly one shard', () => {
    const order = new SlowestFirst();
    const tests = testsOf(SMALL, LARGE, 'libs/kernel/ids.spec.ts');
    const shards = [1, 2].map((shardIndex) => order.shard(tests, { shardIndex, shardCount: 2 }));
    expect(shards.map((shard) => shard.length)).toEqual([2, 1]);
    expect(new Set(shards.flat())).toEqual(new Set(tests));
  });
});
