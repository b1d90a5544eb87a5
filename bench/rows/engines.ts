import { salesQuality } from '#testing/engines/sales-quality';
import { stockQuality } from '#testing/engines/stock-quality';
import type { Figure, Row } from '../row.js';

const SEEDS = [1, 2, 3, 4, 5];

export const engines: Row = {
  name: 'engines',
  title: 'What the engines say of made-up stores whose truth is known',
  run(): Promise<Figure[]> {
    const stock = SEEDS.map(stockQuality);
    const sales = SEEDS.map(salesQuality);
    const percent = <Score>(scores: readonly Score[], of: (score: Score) => number) =>
      `${(scores.reduce((sum, score) => sum + of(score), 0) / scores.length).toFixed(1)} %`;
    return Promise.resolve([
      {
        work: 'Error of a week’s demand forecast, Σ|forecast − sold| ÷ Σ sold, mean of five stores',
        ours: percent(stock, ({ all }) => all.engine),
        against: `naive ${percent(stock, ({ all }) => all.naive)}, moving average ${percent(stock, ({ all }) => all.movingAverage)}`,
      },
      {
        work: 'Warnings “runs out within 7 days”: how many were right, and how many ruptures were warned of',
        ours: `${percent(stock, ({ rupture }) => rupture.precision)}, ${percent(stock, ({ rupture }) => rupture.recall)}`,
        against: 'the truth of the made-up stores',
      },
      {
        work: 'Planted “bought together” pairs: found, and how many suggestions were planted',
        ours: `${percent(sales, ({ recall }) => recall)}, ${percent(sales, ({ precision }) => precision)}`,
        against: 'the truth of the made-up stores',
      },
    ]);
  },
};
