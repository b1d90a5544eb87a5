/** The lowest quality that the engines may have; the benchmark prints the figures themselves. */
import { salesQuality } from './sales-quality.js';
import { stockQuality } from './stock-quality.js';

describe('against histories with known truth', () => {
  const scores = [1, 2, 3].map(stockQuality);
  const mean = (of: (score: (typeof scores)[number]) => number) =>
    scores.reduce((sum, score) => sum + of(score), 0) / scores.length;

  it('forecasts better than naive, overall and where demand is intermittent or seasonal', () => {
    expect(mean(({ all }) => all.engine)).toBeLessThan(mean(({ all }) => all.naive) * 0.95);
    for (const pattern of ['steady', 'weekly', 'seasonal', 'intermittent'] as const) {
      expect(mean(({ byPattern }) => byPattern[pattern].engine)).toBeLessThan(
        mean(({ byPattern }) => byPattern[pattern].naive),
      );
    }
  });

  it('warns of most ruptures within seven days, and is mostly right', () => {
    expect(mean(({ rupture }) => rupture.precision)).toBeGreaterThan(75);
    expect(mean(({ rupture }) => rupture.recall)).toBeGreaterThan(80);
  });

  it('finds planted associations and little else', () => {
    for (const seed of [1, 2, 3]) {
      const { recall, precision } = salesQuality(seed);
      expect(recall).toBeGreaterThanOrEqual(90);
      expect(precision).toBeGreaterThan(80);
    }
  });
});
