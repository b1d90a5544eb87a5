/**
 * Applies the events of providers. The route verifies and stores them; here each event is used as a hint: its object is
 * fetched, and the state of the object is recorded as facts.
 *
 *   received ─▶ done      facts, and the outcome of the attempt; or a card that a store entered, and its present state
 *       └─────▶ ignored   not about an object of ours
 *
 * An event that fails stays received, and the next run tries it again. Facts come from the present state of the object and
 * are never taken back, so events may come twice, late and in any order.
 */
import { json, type Row, type Sql, sql } from '#platform/database';
import type { CrossTenantDatabase, CrossTenantTransaction } from '#platform/database/crossing';
import { lockedNow } from '../../accounts/index.js';
import { balanceOf } from '../../invoicing/index.js';
import { readAttempt, saveAttempt } from '../data/attempts.js';
import { chooseDefault, ownersOf, saveEntered, saveMethodNow } from '../data/methods.js';
import { applyResolution, resolveUnknown } from '../domain/attempts.js';
import { errors as paymentErrors } from '../providers/errors.js';
import type { PaymentProvider, ProviderEvent, Notification } from '../providers/port.js';
import { recordFact } from './record-fact.js';
import { ACTOR, providerIdOf } from './send-attempt.js';

/** Called by the webhook's route after the signature is verified and before it answers. False if the event was known. */
export async function storeProviderEvent(tx: CrossTenantTransaction, event: ProviderEvent): Promise<boolean> {
  const added = await tx.execute(sql`
    insert into billing_provider_events (provider, event_id, type, object_id, payload, received_at)
    values (${event.provider}, ${event.id}, ${event.type}, ${event.objectId}, ${json(event.payload)}, app.now())
    on conflict (provider, event_id) do nothing`);
  return added > 0;
}

export type TakenEvent = { readonly event: string; readonly type: string } & (
  | { readonly outcome: 'done'; /** The number of facts that were not known before. */ readonly facts: number }
  | { readonly outcome: 'ignored'; readonly because: string }
  | { readonly error: unknown }
);

type EventRow = Row<'billing_provider_events', 'event_id' | 'type' | 'object_id'> & {
  /** As text: a cursor must be exact to the microsecond. */
  received_at: string;
};

const PAGE = 200;

/** Applies up to `limit` events, oldest first, and continues after those that fail. */
export async function* takeProviderEvents(
  database: CrossTenantDatabase,
  provider: PaymentProvider,
  limit: number,
): AsyncGenerator<TakenEvent> {
  let after: EventRow | null = null;
  for (let left = limit; left > 0;) {
    const page: EventRow[] = await database.query(storedEvents(provider.name, after, Math.min(left, PAGE)));
    if (page.length === 0) return;
    for (const row of page) {
      const event = { event: row.event_id, type: row.type };
      try {
        yield { ...event, ...(await take(database, provider, row)) };
        left -= 1;
      } catch (error) {
        yield { ...event, error };
      }
    }
    after = page.at(-1)!;
  }
}

const storedEvents = (provider: string, after: EventRow | null, limit: number): Sql<EventRow> => sql<EventRow>`
  select event_id, type, object_id, received_at::text from billing_provider_events
   where state = 'received' and provider = ${provider}
     and (${after?.received_at ?? null}::timestamptz is null
          or (received_at, event_id) > (${after?.received_at ?? null}::timestamptz, ${after?.event_id ?? null}))
   order by received_at, event_id
   limit ${limit}`;

type Taken =
  { readonly outcome: 'done'; readonly facts: number } | { readonly outcome: 'ignored'; readonly because: string };

async function take(database: CrossTenantDatabase, provider: PaymentProvider, row: EventRow): Promise<Taken> {
  const notification = await provider.fetch({ type: row.type, objectId: row.object_id });
  return database.transaction(async (tx) => {
    const taken = await written(tx, provider.name, notification);
    await tx.execute(sql`
      update billing_provider_events set state = ${taken.outcome} where provider = ${provider.name} and event_id = ${row.event_id}`);
    return taken;
  });
}

function written(tx: CrossTenantTransaction, provider: string, notification: Notification): Promise<Taken> | Taken {
  switch (notification.kind) {
    case 'ignored':
      return { outcome: 'ignored', because: notification.because };
    case 'money':
      return write(tx, provider, notification);
    case 'method':
      return addMethod(tx, provider, notification);
    case 'method_now':
      return changeMethod(tx, provider, notification);
  }
}

async function addMethod(
  tx: CrossTenantTransaction,
  provider: string,
  entered: Extract<Notification, { kind: 'method' }>,
): Promise<Taken> {
  const { tenant } = entered;
  await lockedNow(tx, tenant);
  if (!(await tx.first(sql`select from billing_accounts where tenant_id = ${tenant}`)))
    return { outcome: 'ignored', because: 'not_ours' };
  await saveEntered(tx, { ...entered, provider });
  await tx.batch(chooseDefault(tenant));
  return { outcome: 'done', facts: 0 };
}

async function changeMethod(
  tx: CrossTenantTransaction,
  provider: string,
  now: Extract<Notification, { kind: 'method_now' }>,
): Promise<Taken> {
  const owners = await ownersOf(tx, provider, now.method);
  for (const { tenant_id: tenant } of owners) {
    await lockedNow(tx, tenant);
    await saveMethodNow(tx, tenant, provider, now);
    await tx.batch(chooseDefault(tenant));
  }
  return owners.length === 0 ? { outcome: 'ignored', because: 'not_ours' } : { outcome: 'done', facts: 0 };
}

/** Throws `payment_currency_mismatch`. */
async function write(
  tx: CrossTenantTransaction,
  provider: string,
  { tenant, invoice, currency, movements, settles }: Extract<Notification, { kind: 'money' }>,
): Promise<Taken> {
  const now = await lockedNow(tx, tenant);
  const balance = await balanceOf(tx, tenant, invoice);
  // The same account may serve another installation, whose invoices we do not know.
  if (!balance) return { outcome: 'ignored', because: 'not_ours' };
  if (balance.currency !== currency)
    throw paymentErrors.payment_currency_mismatch({ details: { invoice, expected: balance.currency, told: currency } });
  if (settles) await recordOutcome(tx, tenant, settles, now);
  let facts = 0;
  for (const { kind, amount, providerId, means, at, reason } of movements) {
    const fact = { tenant, invoice, kind, amount, provider, providerId, means, at, actor: ACTOR, reason };
    if (await recordFact(tx, fact)) facts += 1;
  }
  return { outcome: 'done', facts };
}

async function recordOutcome(
  tx: CrossTenantTransaction,
  tenant: string,
  { attemptId, outcome }: NonNullable<Extract<Notification, { kind: 'money' }>['settles']>,
  now: Date,
): Promise<void> {
  const attempt = await readAttempt(tx, tenant, attemptId);
  if (!attempt) return;
  const resolution = resolveUnknown(attempt, { kind: 'found', outcome }, now);
  if (resolution.act !== 'record') return;
  const providerId = providerIdOf(outcome) ?? attempt.providerId;
  await tx.execute(saveAttempt({ ...attempt, ...applyResolution(attempt, resolution, now), providerId }, now));
}
