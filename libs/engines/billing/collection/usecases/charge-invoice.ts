/**
 * Charges the balance of an invoice, if it is time:
 *
 *   lock, re-read, decide, insert the attempt ─▶ commit ─▶ call the provider ─▶ lock, record the answer ─▶ commit
 *
 * The lock is not held during the call or before it; there the attempt in flight keeps a second pass away. An amount that
 * can never be charged is handled without a call: an amount that is too small is carried to the next invoice, and an amount
 * that the provider does not take is recorded as declined, so that the tenant must pay it in another way.
 */
import { DomainError } from '#kernel';
import type { CrossTenantDatabase, CrossTenantTransaction } from '#platform/database/crossing';
import { NOT_FENCED } from '#platform/recovery';
import { CLOCK, lockedNow } from '../../accounts/index.js';
import { errors } from '../../errors.js';
import { type Balance, balanceOf, carryForward } from '../../invoicing/index.js';
import {
  readChargeFacts,
  type StoredChargeFacts,
  type DueInvoice,
  insertAttempt,
  invoicesToCharge,
  type StoredAttempt,
} from '../data/attempts.js';
import { type Attempt, markSent, nextAttempt, type NextAttempt } from '../domain/attempts.js';
import type { PaymentProvider } from '../providers/port.js';
import { withConcurrencyLimit, Outage } from './concurrency-limit.js';
import { ACTOR, sendAttempt } from './send-attempt.js';

export type ChargeOutcome = 'paid' | 'declined' | 'unknown' | 'carried' | 'not_chargeable' | 'not_now';

/** Throws `invoice_not_found`. */
export async function chargeInvoice(
  database: CrossTenantDatabase,
  provider: PaymentProvider,
  tenant: string,
  invoice: string,
): Promise<ChargeOutcome> {
  const attempt = await database.transaction((tx) => beginAttempt(tx, provider, tenant, invoice), {
    guard: NOT_FENCED,
  });
  if (typeof attempt === 'string') return attempt;
  const sent = await sendAttempt(database, provider, attempt);
  if (sent.state === 'declined') return sent.because ?? 'declined';
  return sent.state === 'succeeded' ? 'paid' : sent.state;
}

export interface ChargePlan {
  readonly next: NextAttempt;
  readonly balance: Balance;
  readonly chargeFacts: StoredChargeFacts;
  readonly asOf: Date;
}

/** The action that would be taken now; takes the account's lock and writes nothing. Throws `invoice_not_found`. */
export async function planCharge(
  tx: CrossTenantTransaction,
  provider: Pick<PaymentProvider, 'name'>,
  tenant: string,
  invoice: string,
): Promise<ChargePlan> {
  const asOf = await lockedNow(tx, tenant);
  const balance = await balanceOf(tx, tenant, invoice);
  if (!balance) throw errors.invoice_not_found();
  const chargeFacts = await readChargeFacts(tx, tenant, invoice, provider.name);
  // An invoice that a person wrote off or voided is not charged.
  const owed = balance.status === 'issued' ? balance.owed : 0n;
  return { next: nextAttempt({ ...chargeFacts, owed }, asOf), balance, chargeFacts, asOf };
}

async function beginAttempt(
  tx: CrossTenantTransaction,
  provider: PaymentProvider,
  tenant: string,
  invoice: string,
): Promise<StoredAttempt | 'carried' | 'not_chargeable' | 'not_now'> {
  const { next, balance, chargeFacts, asOf } = await planCharge(tx, provider, tenant, invoice);
  if (next.act === 'carry') {
    await carryForward(tx, tenant, invoice, asOf, ACTOR);
    return 'carried';
  }
  if (next.act !== 'charge') return 'not_now';
  const { owed: amount, currency, number: invoiceNumber } = balance;
  const created: Attempt = {
    state: 'created',
    decline: null,
    methodId: chargeFacts.methodId!,
    createdAt: asOf,
    sentAt: null,
  };
  const isChargeable = canCharge(provider, amount, currency);
  const attempt = await insertAttempt(tx, {
    ...(isChargeable ? markSent(created, asOf) : { ...created, state: 'declined', decline: 'not_chargeable' }),
    tenant,
    invoiceId: invoice,
    invoiceNumber,
    amount,
    currency,
    methodRef: chargeFacts.methodRef!,
    provider: provider.name,
  });
  return isChargeable ? attempt : 'not_chargeable';
}

function canCharge(provider: Pick<PaymentProvider, 'assertChargeable'>, amount: bigint, currency: string): boolean {
  try {
    provider.assertChargeable(amount, currency);
    return true;
  } catch (error) {
    if (error instanceof DomainError && error.code === 'amount_not_chargeable') return false;
    throw error;
  }
}

export interface ChargeRun {
  readonly asOf?: Date | undefined;
  readonly tenant?: string | undefined;
  /** The largest number of invoices to look at. */
  readonly limit: number;
}

export type Charged = DueInvoice & ({ readonly outcome: ChargeOutcome } | { readonly error: unknown });

/** A failure of one invoice is reported and stops no other; while the provider is unavailable, the next run takes the rest. */
export async function* chargeDueInvoices(
  database: CrossTenantDatabase,
  provider: PaymentProvider,
  run: ChargeRun,
): AsyncGenerator<Charged> {
  const outage = new Outage();
  yield* withConcurrencyLimit(dueInvoices(database, provider, run, outage), async (due): Promise<Charged> => {
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
