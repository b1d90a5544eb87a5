/**
 * The restore policy of each table that has rows of a store. A migration states it where it protects the table
 * (`app.protect(…, restore => 'back')`), and PostgreSQL keeps it as the table's comment, so it is read from the
 * catalogue.
 */
import { errors } from './errors.js';

export type TablePolicy =
  /** Rows get the state of the archive. */
  | { readonly kind: 'back' }
  /** Deliveries of events: rows go back for the aggregates that go back. */
  | { readonly kind: 'events' }
  /** The higher value of the column stays, so that no number is given twice. */
  | { readonly kind: 'highest'; readonly column: string }
  /** Rows are deleted and not exported. */
  | { readonly kind: 'clear' }
  /** Rows stay as they are. The export may contain them, without the columns that are secrets. */
  | { readonly kind: 'keep'; readonly isExported: boolean; readonly without: readonly string[] };

export interface StatedPolicy {
  readonly policy: TablePolicy;
  /** The aggregate whose row the table holds: its events go back when the table goes back. */
  readonly aggregate: string | undefined;
}

const STATEMENT = /^restore: (\w+)(?: (?:without )?([\w, ]+?))?(?:; events: (\w+))?$/;

/** Reads a table's comment. Throws `table_without_policy` when it is missing or no policy. */
export function statedPolicy(table: string, comment: string | null): StatedPolicy {
  const [, kind, rest = '', aggregate] = STATEMENT.exec(comment ?? '') ?? [];
  return { policy: policyOf(table, kind, rest), aggregate };
}

function policyOf(table: string, kind: string | undefined, rest: string): TablePolicy {
  switch (kind) {
    case 'back':
    case 'events':
    case 'clear':
      return { kind };
    case 'highest':
      return { kind, column: rest };
    case 'keep':
      if (rest === 'unexported') return { kind, isExported: false, without: [] };
      return { kind, isExported: true, without: rest === '' ? [] : rest.split(', ') };
    default: {
      const message = `The table ${table} does not state what a restore does to it: call app.set_restore_policy in a migration.`;
      throw errors.table_without_policy({ message, details: { tables: table } });
    }
  }
}

export function isExported(policy: TablePolicy): boolean {
  return policy.kind === 'keep' ? policy.isExported : policy.kind !== 'clear';
}

/** The events that the processes publish and consume; the database does not know them. */
export interface StoreEvents {
  /** Every aggregate that events are about. */
  readonly aggregates: readonly string[];
  /** Which engine consumes which aggregates. */
  readonly subscriptions: Readonly<Record<string, readonly string[]>>;
}
