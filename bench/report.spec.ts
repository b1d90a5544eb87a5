import { namedRatios } from './report.js';

it('names ratios by row and place, and reads a share of cost as a ratio of costs', () => {
  const figure = { work: 'w', ours: '1/s', against: 'p 2/s' };
  const figures = [{ ...figure, ratio: '0.74' }, { ...figure, ratio: '11.5 %' }, figure];
  expect(namedRatios('list', figures).map(({ name, ratio }) => [name, ratio])).toEqual([
    ['list#1', 0.74],
    ['list#2', 1.115],
    ['list#3', undefined],
  ]);
});
