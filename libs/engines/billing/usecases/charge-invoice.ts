/**
 * Charges what is owed on an invoice, if now is the time:
 *
 *   lock, re-read, decide, insert the attempt ─▶ commit ─▶ call the provider ─▶ lock, record the answer ─▶ commit
 *
 * The lock is held by neither the call nor the time between; what keeps a second pass away there is the attempt in flight.
 */
import type { CrossTenantDatabase, CrossTenantTransaction } from '#platform/database/crossing';
import { CLOCK, lockedNow } from '../data/accounts.js';
import {
  chargePicture,
  type ChargePicture,
  type DueInvoice,
  insertAttempt,
  invoicesToCharge,
  type StoredAttempt,
} from '../data/attempts.js';
import { type Balance, balanceOf } from '../data/invoices.js';
import { type Attempt, markSent, nextAttempt, type NextAttempt } from '../domain/attempts.js';
import { errors } from '../errors.js';
import type { PaymentProvider } from '../payments/port.js';
import { fewAtOnce, Outage } from './few-at-once.js';
import { sendAttempt } from './send-attempt.js';

export type ChargeOutcome = 'paid' | 'declined' | 'unknown' | 'not_now';

/** Throws `invoice_not_found`, or `amount_not_chargeable` for what this provider can never charge. */
export async function chargeInvoice(
  database: CrossTenantDatabase,
  provider: PaymentProvider,
  tenant: string,
  invoice: string,
): Promise<ChargeOutcome> {
  const attempt = await database.transaction((tx) => beginAttempt(tx, provider, tenant, invoice));
  if (!attempt) return 'not_now';
  const { state } = await sendAttempt(database, provider, attempt);
  return state === 'succeeded' ? 'paid' : state;
}

export interface ChargePlan {
  readonly next: NextAttempt;
  readonly balance: Balance;
  readonly picture: ChargePicture;
  readonly asOf: Date;
}

/** What would be done now; takes the account's lock and writes nothing. Throws `invoice_not_found`. */
export async function planCharge(
  tx: CrossTenantTransaction,
  provider: Pick<PaymentProvider, 'name'>,
  tenant: string,
  invoice: string,
): Promise<ChargePlan> {
  const asOf = await lockedNow(tx, tenant);
  const balance = await balanceOf(tx, tenant, invoice);
  if (!balance) throw errors.invoice_not_found();
  const picture = await chargePicture(tx, tenant, invoice, provider.name);
  // What a person wrote off or voided is not charged behind their back.
  const owed = balance.status === 'issued' ? balance.owed : 0n;
  return { next: nextAttempt({ ...picture, owed }, asOf), balance, picture, asOf };
}

async function beginAttempt(
  tx: CrossTenantTransaction,
  provider: PaymentProvider,
  tenant: string,
  invoice: string,
): Promise<StoredAttempt | undefined> {
  const { next, balance, picture, asOf } = await planCharge(tx, provider, tenant, invoice);
  if (next.act !== 'charge') return undefined;
  const { owed: amount, currency, number: invoiceNumber } = balance;
  provider.assertChargeable(amount, currency);
  const created: Attempt = {
    state: 'created',
    decline: null,
    methodId: picture.methodId!,
    createdAt: asOf,
    sentAt: null,
  };
  return insertAttempt(tx, {
    ...markSent(created, asOf),
    tenant,
    invoiceId: invoice,
    invoiceNumber,
    amount,
    currency,
    methodRef: picture.methodRef!,
    provider: provider.name,
  });
}

export interface ChargeRun {
  readonly asOf?: Date | undefined;
  readonly tenant?: string | undefined;
  /** At most so many invoices are looked at. */
  readonly limit: number;
}

export type Charged = DueInvoice & ({ readonly outcome: ChargeOutcome } | { readonly error: unknown });

/** What goes wrong with one invoice is told and stops no other; while the provider is away, the rest waits for the next run. */
export async function* chargeDueInvoices(
  database: CrossTenantDatabase,
  provider: PaymentProvider,
  run: ChargeRun,
): AsyncGenerator<Charged> {
  const outage = new Outage();
  yield* fewAtOnce(dueInvoices(database, provider, run, outage), async (due): Promise<Charged> => {
    try {
      const outcome = await chargeInvoice(database, provider, due.tenant, due.invoice);
      outage.note(outcome !== 'unknown');
      return { ...due, outcome };
    } catch (error) {
      return { ...due, error };
    }
  });
}

async function* dueInvoices(
  database: CrossTenantDatabase,
  provider: PaymentProvider,
  { asOf, tenant, limit }: ChargeRun,
  outage: Outage,
): AsyncGenerator<DueInvoice> {
  const dueBy = asOf ?? (await database.first(CLOCK))!.now;
  let after: DueInvoice | null = null;
  for (let left = limit; left > 0; left -= PAGE) {
    const page = await invoicesToCharge(database, provider.name, dueBy, after, Math.min(left, PAGE), tenant);
    for (const due of page) {
      if (outage.hasBegun) return;
      yield due;
    }
    if (page.length < PAGE) return;
    after = page.at(-1)!;
  }
}

const PAGE = 200;
