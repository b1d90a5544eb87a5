/**
 * One-shot work over all tenants, started by the host's cron (`engines run <name>`). The command gives the pass a connection
 * and prints the events that it yields. The module or engine that owns the pass decides what it does and for which tenants.
 */
import type { CrossTenantDatabase } from '#platform/database/crossing';
import type { Settings } from '#platform/config';

export interface PassContext {
  readonly database: CrossTenantDatabase;
  readonly settings: Settings;
  /** Defaults to the database's clock. */
  readonly asOf: Date | undefined;
  readonly tenant: string | undefined;
  /** Computes everything, keeps nothing and calls no outside service. */
  readonly isDryRun: boolean;
  /** Without it, an `asOf` before the one of the newest finished run is refused. */
  readonly isReplayForced: boolean;
}

/** The fields of one output line. */
export type PassFact = Readonly<Record<string, string | number | boolean | null>>;

export type PassEvent =
  | { readonly kind: 'tenant'; readonly tenant: string; readonly facts: PassFact }
  /** Another process works on this tenant; the next run takes it. */
  | { readonly kind: 'busy'; readonly tenant: string }
  /** The tenant failed and is left out until a person has checked it. */
  | { readonly kind: 'parked'; readonly tenant: string; readonly reason: string }
  /** A failure that the next run tries again. */
  | { readonly kind: 'failed'; readonly facts: PassFact }
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'done'; readonly facts: PassFact };

export interface EnginePass {
  readonly name: string;
  readonly summary: string;
  run(context: PassContext): AsyncIterable<PassEvent>;
}
