/**
 * What billing asks of whoever moves the money, in billing's own words. A provider answers what it knows and says so when
 * it does not: a timeout, a 5xx, a broken connection, a full queue and a refused key are all `unknown`, because money may
 * have moved, or because it is our fault and not the tenant's. Only the provider's own word makes a decline.
 */
import type { Decline, Lookup } from '../domain/attempts.js';
import type { CardFacts } from '../domain/card-facts.js';
import { errors } from './errors.js';

export interface ChargeRequest {
  /** The key by which the provider tells a repetition; the same attempt always asks for the same. */
  readonly attemptId: string;
  readonly tenant: string;
  readonly invoiceId: string;
  readonly invoiceNumber: bigint;
  /** Minor units of the currency as the kernel counts them; the provider's may differ. */
  readonly amount: bigint;
  readonly currency: string;
  /** The provider's name for the method to charge. */
  readonly methodRef: string;
}

/** Money that the provider says it has taken. */
export interface Payment {
  readonly providerId: string;
  readonly amount: bigint;
  readonly currency: string;
  /** `card`, `boleto`, … */
  readonly means: string;
  readonly at: Date;
}

/** An attempt's end, as the domain knows it, with what the provider tells beside it. */
export type Settled =
  | { readonly state: 'succeeded'; readonly payment: Payment }
  | {
      readonly state: 'declined';
      readonly decline: Exclude<Decline, 'never_arrived'>;
      /** The provider's word for the reason. */
      readonly code: string;
      readonly providerId: string | null;
    };

export type ChargeAnswer =
  | Settled
  | {
      readonly state: 'unknown';
      /** For people who look; nothing is decided by it. */
      readonly because: string;
      /** Known if the provider has begun and has not ended yet. */
      readonly providerId: string | null;
    };

export type FindAnswer = { readonly kind: 'found'; readonly outcome: Settled } | Exclude<Lookup, { kind: 'found' }>;

export interface AttemptReference {
  readonly attemptId: string;
  /** By which the provider finds it at once; null if it never told us. */
  readonly providerId: string | null;
}

/** A message of the provider's, authentic, and only a hint: what it is about is fetched. */
export interface ProviderEvent {
  readonly provider: string;
  readonly id: string;
  readonly type: string;
  readonly objectId: string;
  readonly payload: unknown;
}

/** Money that moved, derived from what the object is now, so that neither the order of events nor their number matters. */
export interface Movement {
  readonly kind: 'payment' | 'refund' | 'dispute' | 'dispute_won';
  readonly amount: bigint;
  readonly providerId: string;
  readonly means: string;
  readonly at: Date;
  readonly reason?: string | undefined;
}

/** What a store's page to enter a card needs; nothing is kept of it here. */
export interface SetupRequest {
  /** By which the provider tells a repetition; the same key always asks for the same. */
  readonly key: string;
  readonly tenant: string;
  /** The database's clock: of two cards, the one that was asked for later is charged. */
  readonly askedAt: Date;
  readonly askedBy: string;
  /** The provider's name for the store, if it has one from an earlier card. */
  readonly customer: string | null;
  readonly email: string | null;
  /** Where the person comes back to, whether a card was entered or not. */
  readonly returnUrl: string;
  readonly locale: string;
}

export interface SetupPage {
  readonly url: string;
  readonly expiresAt: Date;
}

export type Notification =
  | {
      /** A store has entered a card. */
      readonly kind: 'method';
      readonly tenant: string;
      readonly reference: string;
      readonly askedAt: Date;
      readonly askedBy: string;
      readonly card: CardFacts | null;
      /** False once the provider has let go of it. */
      readonly isAttached: boolean;
    }
  /** What a method is now, whoever it belongs to; the provider's name for the method alone. */
  | {
      readonly kind: 'method_now';
      readonly method: string;
      readonly card: CardFacts | null;
      readonly isAttached: boolean;
    }
  | {
      readonly kind: 'told';
      readonly tenant: string;
      readonly invoice: string;
      readonly currency: string;
      readonly movements: readonly Movement[];
      /** The attempt that is thereby settled. */
      readonly settles: { readonly attemptId: string; readonly outcome: Settled } | null;
    }
  | { readonly kind: 'ignored'; readonly because: 'type' | 'not_ours' | 'unfinished' };

export interface PaymentProvider {
  readonly name: string;
  /** Throws `amount_not_chargeable` before an attempt is made that no repetition would help. */
  assertChargeable(amount: bigint, currency: string): void;
  charge(request: ChargeRequest): Promise<ChargeAnswer>;
  /** A page of the provider's on which a card is entered; we never see its number. Throws `payment_provider_unavailable`. */
  setUp(request: SetupRequest): Promise<SetupPage>;
  /** Throws `payment_not_at_provider` for an id that the provider does not know (any more). */
  find(attempt: AttemptReference): Promise<FindAnswer>;
  /** Throws `payment_provider_unavailable` or `payment_not_at_provider`. */
  fetch(event: Pick<ProviderEvent, 'type' | 'objectId'>): Promise<Notification>;
  /** Throws `webhook_not_authentic`. `at` is when the message came in. */
  verify(rawBody: Buffer, signature: string, at: Date): ProviderEvent;
}

/** For dry runs: whoever gets as far as calling it has a defect. */
export function refusingProvider({ name, assertChargeable }: Pick<PaymentProvider, 'name' | 'assertChargeable'>) {
  const refuse = (): never => {
    throw errors.dry_run_called_provider();
  };
  const provider: PaymentProvider = {
    name,
    assertChargeable,
    charge: async () => refuse(),
    setUp: async () => refuse(),
    find: async () => refuse(),
    fetch: async () => refuse(),
    verify: refuse,
  };
  return provider;
}
