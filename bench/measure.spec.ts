import { median, quantile, rounds } from './measure.js';

it('takes the nearest rank', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), quantile([5, 4, 3, 2, 1], 0.99), quantile([7], 0.01)]).toEqual([
    2, 2, 5, 7,
  ]);
  expect(median([])).toBeNaN();
});

it('runs subjects in turn, backwards every other round, and compares them round by round', async () => {
  const order: string[] = [];
  const taking = (name: string, figures: number[]) => () => {
    order.push(name);
    return Promise.resolve(figures.shift()!);
  };
  const found = await rounds(3, { ours: taking('ours', [10, 40, 90]), peer: taking('peer', [10, 20, 30]) });
  expect(order).toEqual(['ours', 'peer', 'peer', 'ours', 'ours', 'peer']);
  expect(found.median).toEqual({ ours: 40, peer: 20 });
  expect(found.ratio('ours', 'peer')).toBe(2);
  expect(found.span('ours')).toEqual([10, 90]);
});
