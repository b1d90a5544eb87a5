/** How many planted associations the sales engine finds, and how much else it suggests. Figures for `npm run bench`. */
import { storeHistory } from './store-history.js';
import { type Partner, suggestionsFor } from '../../engines/sales/domain/associations.js';

export interface SalesQuality {
  readonly baskets: number;
  readonly planted: number;
  readonly found: number;
  /** Suggestions that were not planted, in either direction. */
  readonly others: number;
  readonly precision: number;
  readonly recall: number;
}

export function salesQuality(seed: number): SalesQuality {
  const { baskets, planted, products } = storeHistory(seed);
  const alone = new Map<string, number>();
  const together = new Map<string, Map<string, number>>();
  for (const basket of baskets) {
    for (const id of basket) {
      alone.set(id, (alone.get(id) ?? 0) + 1);
      const partners = together.get(id) ?? new Map<string, number>();
      together.set(id, partners);
      for (const other of basket) if (other !== id) partners.set(other, (partners.get(other) ?? 0) + 1);
    }
  }
  const wanted = new Set(planted.flatMap(([first, second]) => [`${first} ${second}`, `${second} ${first}`]));
  const suggested = products.flatMap(({ id }) => {
    const partners = [...(together.get(id) ?? [])].map(([partner, count]): Partner => {
      return { id: partner, together: count, baskets: alone.get(partner)!, isInStock: true };
    });
    return suggestionsFor(alone.get(id) ?? 0, baskets.length, partners).map(({ partner }) => `${id} ${partner.id}`);
  });
  const right = suggested.filter((pair) => wanted.has(pair));
  const found = planted.filter(([first, second]) => right.includes(`${first} ${second}`)).length;
  return {
    baskets: baskets.length,
    planted: planted.length,
    found,
    others: suggested.length - right.length,
    precision: (right.length * 100) / Math.max(suggested.length, 1),
    recall: (found * 100) / Math.max(planted.length, 1),
  };
}
