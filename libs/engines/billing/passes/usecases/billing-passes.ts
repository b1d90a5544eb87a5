/** The one-shot passes of billing. `billing` runs all three in the order in which money moves: bill, enforce, reconcile. */
import type { EnginePass } from '#platform/inbox';
import { gracePass } from './grace.js';
import { overagePass } from './overage.js';
import { reconcilePass } from './reconcile.js';

const EACH: readonly EnginePass[] = [overagePass, gracePass, reconcilePass];

export const BILLING_PASSES: readonly EnginePass[] = [
  ...EACH,
  {
    name: 'billing',
    summary: 'the three of them, in this order',
    async *run(context) {
      for (const pass of EACH) yield* pass.run(context);
    },
  },
];
