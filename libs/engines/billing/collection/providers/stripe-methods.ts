/** Translates Stripe's objects about cards, from their present state alone. */
import type Stripe from 'stripe';
import { isUuid } from '#kernel';
import type { CardFacts } from '../domain/card-facts.js';
import type { Notification, SetupRequest } from './port.js';

/** Metadata on every page of ours: the store of the card, and the time at which it was requested. */
export function setupMetadataOf({ tenant, askedAt, askedBy }: SetupRequest): Record<string, string> {
  return { tenant_id: tenant, asked_at: askedAt.toISOString(), asked_by: askedBy };
}

/** A card that was entered. If a confirmation is still missing, Stripe sends another event when it is made. */
export function notificationOfSetup(
  setup: Stripe.SetupIntent,
  customerOfPage: Stripe.SetupIntent['customer'],
): Notification {
  const { tenant_id: tenant, asked_at: asked, asked_by: askedBy } = (setup.metadata ?? {}) as Record<string, unknown>;
  const askedAt = new Date(typeof asked === 'string' ? asked : Number.NaN);
  const isOurs = isUuid(tenant) && typeof askedBy === 'string' && !Number.isNaN(askedAt.getTime());
  if (!isOurs) return { kind: 'ignored', because: 'not_ours' };
  const { payment_method: method } = setup;
  if (setup.status !== 'succeeded' || method === null || typeof method === 'string')
    return { kind: 'ignored', because: 'unfinished' };
  // The method is read last, because a detached method has no customer any more.
  const customer = idOf(setup.customer) ?? idOf(customerOfPage) ?? idOf(method.customer);
  if (customer === null) return { kind: 'ignored', because: 'not_ours' };
  const reference = `${customer}/${method.id}`;
  return { kind: 'method', tenant, reference, askedAt, askedBy, card: cardOf(method), isAttached: isAttached(method) };
}

export function notificationOfMethod(method: Stripe.PaymentMethod): Notification {
  return { kind: 'method_now', method: method.id, card: cardOf(method), isAttached: isAttached(method) };
}

function isAttached({ customer }: Stripe.PaymentMethod): boolean {
  return customer !== null;
}

function cardOf({ card }: Stripe.PaymentMethod): CardFacts | null {
  if (!card) return null;
  return { brand: card.brand, last4: card.last4, expMonth: card.exp_month, expYear: card.exp_year };
}

function idOf(reference: string | { readonly id: string } | null): string | null {
  return typeof reference === 'object' ? (reference?.id ?? null) : reference;
}
