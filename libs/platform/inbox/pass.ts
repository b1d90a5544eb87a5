/**
 * One-shot work over all tenants that the host's cron starts (`engines run <name>`). The command gives it a connection and
 * prints what it yields; what it does, and for whom, is the engine's affair.
 */
import type { CrossTenantDatabase } from '#platform/database/crossing';
import type { Settings } from '#platform/config';

export interface PassContext {
  readonly database: CrossTenantDatabase;
  readonly settings: Settings;
  /** Defaults to the database's clock. */
  readonly asOf: Date | undefined;
  readonly tenant: string | undefined;
  /** Computes everything, keeps nothing and calls nobody outside. */
  readonly isDryRun: boolean;
  /** An instant before the newest finished run's is refused without it. */
  readonly isReplayForced: boolean;
}

/** What a line of the output says. */
export type PassFact = Readonly<Record<string, string | number | boolean | null>>;

export type PassEvent =
  | { readonly kind: 'tenant'; readonly tenant: string; readonly facts: PassFact }
  /** Left for the next run: somebody else is at work on this tenant. */
  | { readonly kind: 'busy'; readonly tenant: string }
  /** It failed and is left out until a person has looked. */
  | { readonly kind: 'parked'; readonly tenant: string; readonly reason: string }
  /** Something went wrong that the next run tries again. */
  | { readonly kind: 'failed'; readonly facts: PassFact }
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'done'; readonly facts: PassFact };

export interface EnginePass {
  readonly name: string;
  readonly summary: string;
  run(context: PassContext): AsyncIterable<PassEvent>;
}
