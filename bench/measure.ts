/**
 * Measures figures: subject and peer run alternately within one run, so that other work of the machine affects both.
 * The result is the median of the rounds. A ratio is the median of the rounds' ratios, not the ratio of two medians.
 */
export interface Rounds<Name extends string> {
  readonly median: Readonly<Record<Name, number>>;
  /** The ratios of `subject` to `peer`, round by round. */
  ratio(subject: Name, peer: Name): number;
  /** Lowest and highest of the rounds. */
  span(name: Name): readonly [number, number];
}

/** Runs each in turn, `count` times; every other round in reverse order, so that none is always first or last. */
export async function rounds<Name extends string>(
  count: number,
  subjects: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Rounds<Name>> {
  const names = Object.keys(subjects) as Name[];
  const figures = Object.fromEntries(names.map((name) => [name, [] as number[]])) as unknown as Record<Name, number[]>;
  for (let round = 0; round < count; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) figures[name].push(await subjects[name]());
  }
  return {
    median: Object.fromEntries(names.map((name) => [name, median(figures[name])])) as Record<Name, number>,
    ratio: (subject, peer) => median(figures[subject].map((figure, round) => figure / figures[peer][round]!)),
    span: (name) => [Math.min(...figures[name]), Math.max(...figures[name])],
  };
}

export function median(figures: readonly number[]): number {
  return quantile(figures, 0.5);
}

/** Nearest rank: the smallest figure that at least this part of all figures does not exceed. */
export function quantile(figures: readonly number[], part: number): number {
  const sorted = Float64Array.from(figures).sort();
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? NaN;
}

/** Milliseconds on a clock that all processes of one machine share, to the microsecond. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
