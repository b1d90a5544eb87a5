/**
 * The ledger: double entry, one `ref` per invoice, fact or credit note, and the entries of a `ref` sum to zero. It
 * repeats the amounts of invoices, facts and credit notes in the form that an accountant checks.
 */
import { type Sql, sql } from '#platform/database';

export type LedgerAccount =
  'receivable' | 'revenue' | 'cash' | 'surplus' | 'carried' | 'credits' | 'bad_debt' | 'disputed';

export interface Posting {
  readonly ref: string;
  readonly currency: string;
  readonly entries: readonly (readonly [account: LedgerAccount, amount: bigint])[];
}

interface Issued {
  readonly id: string;
  readonly currency: string;
  readonly total: bigint;
  readonly lines: readonly { readonly kind: string; readonly amount: bigint }[];
}

type FactKind = 'payment' | 'refund' | 'dispute' | 'dispute_won' | 'surplus' | 'carried';

/** The account on the other side of `receivable`, and the sign of the amount on it. */
const MOVED_BY: Readonly<Record<FactKind, readonly [LedgerAccount, 1n | -1n]>> = {
  payment: ['cash', 1n],
  refund: ['cash', -1n],
  dispute: ['disputed', -1n],
  dispute_won: ['disputed', 1n],
  surplus: ['surplus', -1n],
  carried: ['carried', 1n],
};

export const postings = {
  issue({ id, currency, total, lines }: Issued): Posting[] {
    const sums = new Map<LedgerAccount, bigint>([['receivable', total]]);
    for (const { kind, amount } of lines) {
      const account = kind === 'carry' ? 'carried' : kind === 'surplus' ? 'surplus' : 'revenue';
      sums.set(account, (sums.get(account) ?? 0n) - amount);
    }
    const entries = [...sums].filter(([, amount]) => amount !== 0n);
    return entries.length === 0 ? [] : [{ ref: `invoice/${id}`, currency, entries }];
  },

  fact(id: string, kind: FactKind, amount: bigint, currency: string): Posting {
    const [account, sign] = MOVED_BY[kind];
    return {
      ref: `fact/${id}`,
      currency,
      entries: [
        [account, sign * amount],
        ['receivable', -sign * amount],
      ],
    };
  },

  /** The surplus was taken off its invoice earlier, so the entries touch only cash and surplus. */
  surplusRefund(id: string, amount: bigint, currency: string): Posting {
    return {
      ref: `fact/${id}`,
      currency,
      entries: [
        ['cash', -amount],
        ['surplus', amount],
      ],
    };
  },

  /** A payment of an invoice that was written off reduces the loss by its amount. */
  recovery(id: string, amount: bigint, currency: string): Posting {
    return {
      ref: `recovery/${id}`,
      currency,
      entries: [
        ['receivable', amount],
        ['bad_debt', -amount],
      ],
    };
  },

  creditNote(id: string, kind: 'credit' | 'write_off', amount: bigint, currency: string): Posting {
    return {
      ref: `credit_note/${id}`,
      currency,
      entries: [
        [kind === 'credit' ? 'credits' : 'bad_debt', amount],
        ['receivable', -amount],
      ],
    };
  },
};

export function saveLedger(tenant: string, posted: readonly Posting[], at: Date): Sql {
  const rows = posted.flatMap(({ ref, currency, entries }) =>
    entries.map(([account, amount], place) => ({ ref, currency, account, amount, no: place + 1 })),
  );
  return sql`
    insert into billing_ledger_entries (tenant_id, ref, entry_no, account, amount_minor, currency, at)
    select ${tenant}::uuid, e.ref, e.no, e.account, e.amount, e.currency, ${at}::timestamptz
      from unnest(${rows.map(({ ref }) => ref)}::text[], ${rows.map(({ no }) => no)}::smallint[],
                  ${rows.map(({ account }) => account)}::text[], ${rows.map(({ amount }) => amount)}::bigint[],
                  ${rows.map(({ currency }) => currency)}::text[]) as e(ref, no, account, amount, currency)`;
}
