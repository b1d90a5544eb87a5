/**
 * What sells together: association rules between two products (Agrawal, Imieliński and Swami 1993), counted per basket.
 *
 *   support      baskets with both ÷ all baskets
 *   confidence   baskets with both ÷ baskets with the first: how often the second comes along
 *   lift         confidence ÷ share of all baskets that hold the second: 1 is chance, more is company
 *
 * Counts are whole and ratios compared by cross-multiplication, so that a border is a border.
 */
export const WINDOW_DAYS = 90;
export const LEAST_TOGETHER = 3;
export const LEAST_CONFIDENCE_PERCENT = 20;
export const MOST_SUGGESTIONS = 5;
/** A basket longer than this is a project list: its pairs say little and their number grows with the square. */
export const LONGEST_BASKET = 40;

const BANDS = [
  [70, 'strong'],
  [40, 'good'],
  [LEAST_CONFIDENCE_PERCENT, 'possible'],
] as const;

export type Band = (typeof BANDS)[number][1];

export interface Partner {
  readonly id: string;
  /** Baskets with both. */
  readonly together: number;
  /** Baskets with the partner. */
  readonly baskets: number;
  readonly isInStock: boolean;
}

export interface Suggestion<P extends Partner = Partner> {
  readonly partner: P;
  readonly band: Band;
}

/** What to offer with a product found in `baskets` of `allBaskets`: in stock first, then the likeliest. */
export function suggestionsFor<P extends Partner>(
  baskets: number,
  allBaskets: number,
  partners: readonly P[],
): Suggestion<P>[] {
  return partners
    .filter(({ together, baskets: alone }) => together >= LEAST_TOGETHER && together * allBaskets > baskets * alone)
    .flatMap((partner) => {
      const band = bandOf(partner.together, baskets);
      return band ? [{ partner, band }] : [];
    })
    .sort((a, b) => byPromise(a.partner, b.partner))
    .slice(0, MOST_SUGGESTIONS);
}

export function bandOf(together: number, baskets: number): Band | undefined {
  return BANDS.find(([percent]) => together * 100 >= percent * baskets)?.[1];
}

function byPromise(a: Partner, b: Partner): number {
  if (a.isInStock !== b.isInStock) return a.isInStock ? -1 : 1;
  if (a.together !== b.together) return b.together - a.together;
  // Equally often together: the association with the rarer partner is the stronger one.
  if (a.baskets !== b.baskets) return a.baskets - b.baskets;
  return a.id < b.id ? -1 : 1;
}
