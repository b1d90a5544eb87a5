/** The parts of a row of the table. */
import type { Stage } from './stage.js';

export interface Figure {
  /** The measured work, in words that a reader of the table understands. */
  readonly work: string;
  readonly ours: string;
  /** Floor or peer, by name and figure. */
  readonly against: string;
  readonly ratio?: string;
  readonly ask?: string;
  /** Undefined without a target. */
  readonly holds?: boolean;
}

export interface Row {
  /** The name of the row on the command line. */
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
