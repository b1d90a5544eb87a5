/**
 * The adapter of Stripe: one PaymentIntent per attempt, confirmed off session, its idempotency key the attempt's id.
 *
 *   charge   create and confirm in one call; a card error is a decline, any other failure is `unknown`
 *   find     by Stripe's id where we know it, else by a search for our metadata, then reading the found object: the
 *            search may also return an old state
 *   fetch    the present state of a webhook's object
 *   setUp    a Checkout page in setup mode, which saves a card for charges without its holder
 *
 * An invalid request is `unknown` as well: a wrong key or account makes every method of every tenant look missing. Only an
 * error about the amount is a decline of this very charge, independent of the account: https://docs.stripe.com/error-codes
 */
import Stripe from 'stripe';
import { newId } from '#kernel';
import { errors } from './errors.js';
import type { ChargeAnswer, FindAnswer, PaymentProvider, ProviderEvent, SetupRequest, Notification } from './port.js';
import { toStripeAmount } from './stripe-amounts.js';
import { classify } from './stripe-declines.js';
import { setupMetadataOf, notificationOfMethod, notificationOfSetup } from './stripe-methods.js';
import {
  metadataOf,
  settledBy,
  notificationOfDispute,
  notificationOfIntent,
  notificationOfRefund,
} from './stripe-notifications.js';

export interface StripeOptions {
  readonly apiKey: string;
  readonly webhookSecret: string;
  /** The outcome is uncertain after this time without a byte from Stripe. */
  readonly timeoutMs?: number;
  /** The same limit for calls that a person waits for. */
  readonly pageTimeoutMs?: number;
  /** The address of Stripe; tests set their own server here. */
  readonly endpoint?: { readonly protocol: 'http' | 'https'; readonly host: string; readonly port: number };
}

const TIMEOUT_MS = 30_000;

/**
 * "Propagation of new or updated data can be up to an hour behind during outages": docs.stripe.com/api/payment_intents/search.
 * Six times that: a longer wait costs nothing, and a wait that is too short costs a second charge.
 */
export const SEARCH_LAG_MS = 6 * 3_600_000;

/** Stripe's own default: docs.stripe.com/webhooks#replay-attacks */
const SIGNATURE_TOLERANCE_SECONDS = 300;

const ABOUT_THE_AMOUNT: Readonly<Record<string, 'too_small' | 'not_chargeable'>> = {
  amount_too_small: 'too_small',
  amount_too_large: 'not_chargeable',
  invalid_charge_amount: 'not_chargeable',
};

const EXPANSION = { expand: ['latest_charge'] };
const SETUP_EXPANSION = { expand: ['payment_method'] };
const SESSION_EXPANSION = { expand: ['setup_intent', 'setup_intent.payment_method'] };

const EVENTS_OF = {
  intent: /^payment_intent\.(succeeded|payment_failed|processing|canceled)$/,
  refund: /^refund\.(created|updated|failed)$/,
  dispute: /^charge\.dispute\.(created|updated|closed|funds_withdrawn|funds_reinstated)$/,
  session: /^checkout\.session\.completed$/,
  setup: /^setup_intent\.succeeded$/,
  method: /^payment_method\.(attached|detached|updated|automatically_updated)$/,
};

const PAGE_TIMEOUT_MS = 8_000;

export function stripeProvider(options: StripeOptions): PaymentProvider {
  const stripe = new Stripe(options.apiKey, {
    // Retries belong to the attempt; the client still repeats once, with the same key, after a closed connection.
    maxNetworkRetries: 0,
    timeout: options.timeoutMs ?? TIMEOUT_MS,
    telemetry: false,
    ...options.endpoint,
  });
  return {
    name: 'stripe',
    assertChargeable: (amount, currency) => void toStripeAmount(amount, currency),

    async charge({ attemptId, tenant, invoiceId, invoiceNumber, amount, currency, methodRef }) {
      const { customer, method } = methodOf(methodRef);
      const parameters: Stripe.PaymentIntentCreateParams = {
        amount: toStripeAmount(amount, currency),
        currency: currency.toLowerCase(),
        ...(customer === undefined ? {} : { customer }),
        payment_method: method,
        allowed_payment_method_types: ['card'],
        confirm: true,
        off_session: true,
        error_on_requires_action: true,
        description: `Invoice ${invoiceNumber}`,
        metadata: metadataOf({ tenant, invoice: invoiceId, attemptId }),
        ...EXPANSION,
      };
      try {
        return answered(await stripe.paymentIntents.create(parameters, { idempotencyKey: attemptId }));
      } catch (error) {
        return failed(error);
      }
    },

    async find({ attemptId, providerId }): Promise<FindAnswer> {
      try {
        const ids = providerId === null ? await search(stripe, attemptId) : [providerId];
        if (ids.length === 0) return { kind: 'not_found', lagMs: SEARCH_LAG_MS };
        const intents = await Promise.all(ids.map((id) => stripe.paymentIntents.retrieve(id, EXPANSION)));
        return found(intents);
      } catch (error) {
        rethrowForeign(error);
        refuseMissing(error);
        return { kind: 'unavailable' };
      }
    },

    async setUp(request) {
      try {
        const session = await openPage(stripe, request, options.pageTimeoutMs ?? PAGE_TIMEOUT_MS);
        return { url: session.url!, expiresAt: new Date(session.expires_at * 1_000) };
      } catch (error) {
        rethrowForeign(error);
        throw errors.payment_provider_unavailable({ cause: error });
      }
    },

    fetch: (event) => fetchObject(stripe, event),

    verify(rawBody, signature, at): ProviderEvent {
      try {
        const event = stripe.webhooks.constructEvent(
          rawBody,
          signature,
          options.webhookSecret,
          SIGNATURE_TOLERANCE_SECONDS,
          undefined,
          at.getTime(),
        );
        const { id: objectId } = event.data.object as { id?: string };
        return { provider: 'stripe', id: event.id, type: event.type, objectId: objectId ?? '', payload: event };
      } catch (error) {
        throw errors.webhook_not_authentic({ cause: error });
      }
    },
  };
}

/** A customer that was deleted at Stripe is created again. */
async function openPage(stripe: Stripe, request: SetupRequest, timeout: number): Promise<Stripe.Checkout.Session> {
  const { key, customer, email, returnUrl, locale } = request;
  const metadata = setupMetadataOf(request);
  const as = (known: string | null): Stripe.Checkout.SessionCreateParams => ({
    mode: 'setup',
    allowed_payment_method_types: ['card'],
    client_reference_id: request.tenant,
    success_url: returnUrl,
    cancel_url: returnUrl,
    locale: localeOf(locale),
    metadata,
    setup_intent_data: { metadata },
    ...(known === null
      ? { customer_creation: 'always', ...(email === null ? {} : { customer_email: email }) }
      : { customer: known }),
  });
  const open = (known: string | null, idempotencyKey: string) =>
    stripe.checkout.sessions.create(as(known), { idempotencyKey, timeout }).catch((error: unknown) => {
      // Stripe keeps an internal error under the key for a day; a second page that is never shown does no harm.
      if (!isKept(error)) throw error;
      return stripe.checkout.sessions.create(as(known), { idempotencyKey: newId(), timeout });
    });
  try {
    return await open(customer, key);
  } catch (error) {
    const isGone =
      error instanceof Stripe.errors.StripeError && error.code === 'resource_missing' && error.param === 'customer';
    if (!isGone || customer === null) throw error;
    return open(null, `${key}/new-customer`);
  }
}

/** The first answer under this key, returned again: docs.stripe.com/api/idempotent_requests */
function isKept(error: unknown): boolean {
  return (
    error instanceof Stripe.errors.StripeError &&
    (error.statusCode ?? 0) >= 500 &&
    error.headers?.['idempotent-replayed'] === 'true'
  );
}

/** Stripe knows few regions; for the others the browser's language is used. */
function localeOf(locale: string): Stripe.Checkout.SessionCreateParams.Locale {
  if (locale === 'pt-BR') return 'pt-BR';
  const language = locale.split('-')[0];
  return language === 'pt' || language === 'en' || language === 'es' ? language : 'auto';
}

/** `cus_…/pm_…`: a saved method can only be charged together with the customer it is attached to. */
function methodOf(reference: string): { readonly customer?: string; readonly method: string } {
  const [customer, method] = reference.split('/');
  return method === undefined ? { method: reference } : { customer: customer!, method };
}

function answered(intent: Stripe.PaymentIntent): ChargeAnswer {
  return settledBy(intent) ?? { state: 'unknown', because: intent.status, providerId: intent.id };
}

function failed(error: unknown): ChargeAnswer {
  rethrowForeign(error);
  const providerId = error.payment_intent?.id ?? null;
  if (error instanceof Stripe.errors.StripeCardError) return { state: 'declined', ...classify(error), providerId };
  const decline = error.code === undefined ? undefined : ABOUT_THE_AMOUNT[error.code];
  if (decline) return { state: 'declined', decline, code: error.code!, providerId };
  return { state: 'unknown', because: error.code ?? error.type, providerId };
}

async function search(stripe: Stripe, attemptId: string): Promise<string[]> {
  const { data } = await stripe.paymentIntents.search({ query: `metadata['attempt_id']:'${attemptId}'` });
  return data.map(({ id }) => id);
}

/** Several exist only if a key was forgotten between two calls; one that succeeded takes precedence. */
function found(intents: readonly Stripe.PaymentIntent[]): FindAnswer {
  const outcomes = intents.map(settledBy);
  const success = outcomes.find((outcome) => outcome?.state === 'succeeded');
  if (success) return { kind: 'found', outcome: success };
  const [first] = outcomes;
  return first && !outcomes.includes(null) ? { kind: 'found', outcome: first } : { kind: 'processing' };
}

async function fetchObject(
  stripe: Stripe,
  { type, objectId }: Pick<ProviderEvent, 'type' | 'objectId'>,
): Promise<Notification> {
  const intentOf = (id: string) => stripe.paymentIntents.retrieve(id, EXPANSION);
  try {
    if (EVENTS_OF.intent.test(type)) return notificationOfIntent(await intentOf(objectId));
    if (EVENTS_OF.refund.test(type)) {
      const refund = await stripe.refunds.retrieve(objectId);
      return refund.payment_intent === null
        ? { kind: 'ignored', because: 'not_ours' }
        : notificationOfRefund(refund, await intentOf(idOf(refund.payment_intent)));
    }
    if (EVENTS_OF.dispute.test(type)) {
      const dispute = await stripe.disputes.retrieve(objectId);
      return dispute.payment_intent === null
        ? { kind: 'ignored', because: 'not_ours' }
        : notificationOfDispute(dispute, await intentOf(idOf(dispute.payment_intent)));
    }
    if (EVENTS_OF.session.test(type)) {
      const { setup_intent: setup, customer } = await stripe.checkout.sessions.retrieve(objectId, SESSION_EXPANSION);
      if (setup === null || typeof setup === 'string') return { kind: 'ignored', because: 'not_ours' };
      return notificationOfSetup(setup, customer);
    }
    if (EVENTS_OF.setup.test(type))
      return notificationOfSetup(await stripe.setupIntents.retrieve(objectId, SETUP_EXPANSION), null);
    if (EVENTS_OF.method.test(type)) return notificationOfMethod(await stripe.paymentMethods.retrieve(objectId));
    return { kind: 'ignored', because: 'type' };
  } catch (error) {
    rethrowForeign(error);
    refuseMissing(error);
    throw errors.payment_provider_unavailable({ cause: error });
  }
}

function idOf(reference: string | { readonly id: string }): string {
  return typeof reference === 'string' ? reference : reference.id;
}

/** The object that Stripe itself named is missing in this account: not an answer about the money, and waiting does not help. */
function refuseMissing(error: Stripe.errors.StripeError): void {
  if (error.code === 'resource_missing') throw errors.payment_not_at_provider({ cause: error });
}

/** An error that is not Stripe's is ours. */
function rethrowForeign(error: unknown): asserts error is Stripe.errors.StripeError {
  if (!(error instanceof Stripe.errors.StripeError)) throw error;
}
