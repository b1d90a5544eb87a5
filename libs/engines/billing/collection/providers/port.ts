/**
 * The port between billing and a payment provider, in billing's terms. A provider returns certain answers only: a timeout, a
 * 5xx, a broken connection, a full queue and a refused key are all `unknown`, because money may have moved, or because the
 * cause is ours and not the tenant's. Only an explicit refusal by the provider is a decline.
 */
import type { Decline, Lookup } from '../domain/attempts.js';
import type { CardFacts } from '../domain/card-facts.js';
import { errors } from './errors.js';

export interface ChargeRequest {
  /** The key by which the provider recognises a repetition; the same attempt always sends the same request. */
  readonly attemptId: string;
  readonly tenant: string;
  readonly invoiceId: string;
  readonly invoiceNumber: bigint;
  /** Minor units of the currency as the kernel counts them; the provider's may differ. */
  readonly amount: bigint;
  readonly currency: string;
  /** The provider's id of the method to charge. */
  readonly methodRef: string;
}

/** Money that the provider reports as taken. */
export interface Payment {
  readonly providerId: string;
  readonly amount: bigint;
  readonly currency: string;
  /** `card`, `boleto`, … */
  readonly means: string;
  readonly at: Date;
}

/** The outcome of an attempt in terms of the domain, with further facts from the provider. */
export type Settled =
  | { readonly state: 'succeeded'; readonly payment: Payment }
  | {
      readonly state: 'declined';
      readonly decline: Exclude<Decline, 'never_arrived'>;
      /** The provider's code for the reason. */
      readonly code: string;
      readonly providerId: string | null;
    };

export type ChargeAnswer =
  | Settled
  | {
      readonly state: 'unknown';
      /** For people who read it; no decision depends on it. */
      readonly because: string;
      /** Known if the provider has begun and has not ended yet. */
      readonly providerId: string | null;
    };

export type FindAnswer = { readonly kind: 'found'; readonly outcome: Settled } | Exclude<Lookup, { kind: 'found' }>;

export interface AttemptReference {
  readonly attemptId: string;
  /** The id by which the provider finds it at once; null if the provider never returned one. */
  readonly providerId: string | null;
}

/** An authentic event of the provider. It is only a hint: the object that it names is fetched. */
export interface ProviderEvent {
  readonly provider: string;
  readonly id: string;
  readonly type: string;
  readonly objectId: string;
  readonly payload: unknown;
}

/** Movements derived from the object's present state, so that neither the order of events nor their number matters. */
export interface Movement {
  readonly kind: 'payment' | 'refund' | 'dispute' | 'dispute_won';
  readonly amount: bigint;
  readonly providerId: string;
  readonly means: string;
  readonly at: Date;
  readonly reason?: string | undefined;
}

/** The input of a page on which a store enters a card; billing stores nothing of it. */
export interface SetupRequest {
  /** The key by which the provider recognises a repetition; the same key always sends the same request. */
  readonly key: string;
  readonly tenant: string;
  /** The database's clock: of two cards, the one requested later is charged. */
  readonly askedAt: Date;
  readonly askedBy: string;
  /** The provider's customer id of the store, if an earlier card gave one. */
  readonly customer: string | null;
  readonly email: string | null;
  /** The address to which the person returns, whether a card was entered or not. */
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
      /** False once the provider has detached it. */
      readonly isAttached: boolean;
    }
  /** The present state of a method, of any store; it has the provider's id of the method alone. */
  | {
      readonly kind: 'method_now';
      readonly method: string;
      readonly card: CardFacts | null;
      readonly isAttached: boolean;
    }
  | {
      readonly kind: 'money';
      readonly tenant: string;
      readonly invoice: string;
      readonly currency: string;
      readonly movements: readonly Movement[];
      /** The attempt whose outcome the event gives. */
      readonly settles: { readonly attemptId: string; readonly outcome: Settled } | null;
    }
  | { readonly kind: 'ignored'; readonly because: 'type' | 'not_ours' | 'unfinished' };

export interface PaymentProvider {
  readonly name: string;
  /** Throws `amount_not_chargeable` before an attempt is made that no repetition could help. */
  assertChargeable(amount: bigint, currency: string): void;
  charge(request: ChargeRequest): Promise<ChargeAnswer>;
  /** A page of the provider for entering a card; billing never sees its number. Throws `payment_provider_unavailable`. */
  setUp(request: SetupRequest): Promise<SetupPage>;
  /** Throws `payment_not_at_provider` for an id that the provider does not know (any more). */
  find(attempt: AttemptReference): Promise<FindAnswer>;
  /** Throws `payment_provider_unavailable` or `payment_not_at_provider`. */
  fetch(event: Pick<ProviderEvent, 'type' | 'objectId'>): Promise<Notification>;
  /** Throws `webhook_not_authentic`. `at` is the time at which the message came in. */
  verify(rawBody: Buffer, signature: string, at: Date): ProviderEvent;
}

/** For dry runs: a call to it is a defect of the caller. */
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
