/**
 * ABC by value sold (Pareto): ranked by value, A is what makes up the first 80 %, B the next 15 %, C the rest and
 * whatever sold nothing. The product that crosses a border still belongs to the class it started in.
 */
export type Class = 'A' | 'B' | 'C';

const A_UP_TO = 80n;
const B_UP_TO = 95n;

export interface Valued {
  readonly id: string;
  readonly value: bigint;
}

export function classify(products: readonly Valued[]): Map<string, Class> {
  const ranked = [...products].sort((a, b) =>
    a.value === b.value ? (a.id < b.id ? -1 : 1) : a.value > b.value ? -1 : 1,
  );
  const total = ranked.reduce((all, product) => all + product.value, 0n);
  const classes = new Map<string, Class>();
  let before = 0n;
  for (const { id, value } of ranked) {
    const share = before * 100n;
    classes.set(id, value === 0n ? 'C' : share < A_UP_TO * total ? 'A' : share < B_UP_TO * total ? 'B' : 'C');
    before += value;
  }
  return classes;
}
