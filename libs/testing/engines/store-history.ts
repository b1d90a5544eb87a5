/**
 * A store's year and a quarter with known truth, from a seed: what every product really sells per day, when it really
 * runs out, and which products were planted to go together. Engines see the sales; the scores see the truth.
 */
import { Random } from './random.js';

export const PATTERNS = ['steady', 'weekly', 'seasonal', 'trending', 'intermittent', 'dying'] as const;
export type Pattern = (typeof PATTERNS)[number];

export interface ProductHistory {
  readonly id: string;
  readonly pattern: Pattern;
  /** Pieces sold per day, oldest first; the last `horizon` days are the future the engine has not seen. */
  readonly sold: readonly number[];
}

export interface StoreHistory {
  readonly products: readonly ProductHistory[];
  /** Days the engine may learn from. */
  readonly known: number;
  readonly horizon: number;
  /** Product ids of baskets within the window, and the pairs that were planted in them. */
  readonly baskets: readonly (readonly string[])[];
  readonly planted: readonly (readonly [string, string])[];
}

const YEAR = 365;

export function storeHistory(seed: number, size = 180, known = 460, horizon = 28): StoreHistory {
  const random = new Random(seed);
  const products = Array.from({ length: size }, (_, index) => {
    const pattern = PATTERNS[index % PATTERNS.length]!;
    const expected = expectation(pattern, random, known);
    const sold = Array.from({ length: known + horizon }, (_unused, day) => expected(day));
    return { id: `product-${String(index).padStart(4, '0')}`, pattern, sold };
  });
  return { products, known, horizon, ...plantedBaskets(random, products) };
}

/** Draws the sales of a day from the pattern's distribution. */
function expectation(pattern: Pattern, random: Random, known: number): (day: number) => number {
  const level = 1.5 + random.next() * 8;
  switch (pattern) {
    case 'steady':
      return () => random.poisson(level);
    case 'weekly':
      // Closed on Sundays, double on Saturdays.
      return (day) => random.poisson(level * [0, 0.8, 0.9, 1, 1.1, 1.2, 2][day % 7]!);
    case 'seasonal': {
      const phase = random.next() * YEAR;
      return (day) => random.poisson(level * (1 + 0.7 * Math.sin((2 * Math.PI * (day + phase)) / YEAR)));
    }
    case 'trending': {
      const growth = random.pick([-1, 1, 2]) / known;
      return (day) => random.poisson(Math.max(level * (1 + growth * day), 0.2));
    }
    case 'intermittent': {
      const chance = 0.04 + random.next() * 0.16;
      return () => (random.next() < chance ? 1 + random.below(8) : 0);
    }
    case 'dying': {
      const end = known - 20 - random.below(60);
      return (day) => (day < end ? random.poisson(level) : 0);
    }
  }
}

const BASKETS = 1_500;
const PLANTED = 12;

/** Mostly chance; a planted pair's second product comes along in half of the baskets that hold its first. */
function plantedBaskets(
  random: Random,
  products: readonly ProductHistory[],
): Pick<StoreHistory, 'baskets' | 'planted'> {
  const planted = Array.from(
    { length: Math.min(PLANTED, Math.floor(products.length / 4)) },
    (_, index) => [products[2 * index]!.id, products[2 * index + 1]!.id] as const,
  );
  const companion = new Map(planted);
  const baskets = Array.from({ length: BASKETS }, () => {
    const basket = new Set(Array.from({ length: 1 + random.below(4) }, () => random.pick(products).id));
    for (const id of [...basket]) {
      const partner = companion.get(id);
      if (partner && random.next() < 0.5) basket.add(partner);
    }
    return [...basket];
  });
  return { baskets, planted };
}
