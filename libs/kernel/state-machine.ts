/**
 * State machines as data: `{ draft: ['sent', 'cancelled'], … }`. The table is beside the code that enforces it, and
 * `npm run gen` prints it into docs/reference/state-machines.md. A transition that is not in the table is refused.
 */
import { errorTable } from './errors.js';

const errors = errorTable({
  invalid_transition: ['conflict', 'It is in a state from which this is not possible; `from` and `to` say which.'],
});

export class StateMachine<State extends string> {
  constructor(
    readonly name: string,
    readonly transitions: Readonly<Record<State, readonly State[]>>,
  ) {}

  allows(from: State, to: State): boolean {
    return this.transitions[from].includes(to);
  }

  /** Throws `invalid_transition` (409) naming both states and what is possible instead. */
  assert(from: State, to: State): void {
    if (this.allows(from, to)) return;
    const possible = this.transitions[from].join(', ') || 'nothing';
    throw errors.invalid_transition({
      message: `The ${this.name} is ${from} and cannot become ${to}; from here it can become: ${possible}.`,
      details: { from, to },
    });
  }
}
