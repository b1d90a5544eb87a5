/** What a restore does to each table that holds rows of a store. Whoever knows all rooms says so; the catalogue is asked for gaps. */
export type TablePolicy =
  /** Goes back to what the archive says. */
  | { readonly kind: 'restore' }
  /** Events on their way: goes back for the aggregates that go back. */
  | { readonly kind: 'delivery' }
  /** Numbers that people have read aloud are never given again: the higher one stays. */
  | { readonly kind: 'highest'; readonly column: string }
  /** Says something about a moment that is gone; emptied, and not exported. */
  | { readonly kind: 'clear' }
  /** Stays as it is. Exported for the record, without the columns that are secrets. */
  | { readonly kind: 'keep'; readonly isExported: boolean; readonly without?: readonly string[] };

export interface StorePolicies {
  readonly tables: Readonly<Record<string, TablePolicy>>;
  /** Aggregates whose tables go back, and their events with them. */
  readonly aggregates: readonly string[];
  /** Which engine hears which aggregates. */
  readonly subscriptions: Readonly<Record<string, readonly string[]>>;
}

export function isExported(policy: TablePolicy): boolean {
  return policy.kind === 'keep' ? policy.isExported : policy.kind !== 'clear';
}
