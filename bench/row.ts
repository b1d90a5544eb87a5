/** What a row of the table is made of. */
import type { Stage } from './stage.js';

export interface Figure {
  /** What was done, in words a reader of the table understands by themselves. */
  readonly work: string;
  readonly ours: string;
  /** Floor or peer, by name and figure. */
  readonly against: string;
  readonly ratio?: string;
  readonly ask?: string;
  /** Undefined where nothing is asked. */
  readonly holds?: boolean;
}

export interface Row {
  /** By which the command line picks it. */
  readonly name: string;
  readonly title: string;
  run(stage: Stage): Promise<Figure[]>;
}

export function perSecond(figure: number): string {
  return `${thousands(figure)}/s`;
}

export function thousands(figure: number): string {
  return String(Math.round(figure)).replace(/\B(?=(\d{3})+$)/g, ',');
}

export function atLeast(ratio: number, ask: number): Pick<Figure, 'ratio' | 'ask' | 'holds'> {
  return { ratio: ratio.toFixed(2), ask: `≥ ${ask}`, holds: ratio >= ask };
}

export function atMost(ratio: number, ask: number): Pick<Figure, 'ratio' | 'ask' | 'holds'> {
  return { ratio: ratio.toFixed(2), ask: `≤ ${ask}`, holds: ratio <= ask };
}

export function atMostSeconds(seconds: number, ask: number): Pick<Figure, 'ask' | 'holds'> {
  return { ask: `≤ ${ask} s`, holds: seconds <= ask };
}
