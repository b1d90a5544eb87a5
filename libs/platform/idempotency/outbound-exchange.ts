/**
 * An outbound exchange: a write that calls an outside service, and holds no database connection while it waits.
 *
 *   transaction { is the key free? · prepare the request · record it } ─▶ call ─▶ transaction { conclude · record the answer }
 *
 *   another request is calling ─▶ 409      its caller died, or was refused ─▶ the same request again, under the same id
 *   concluded ─▶ the recorded answer       recorded for another request ─▶ 422
 *
 * A process that dies between the transactions leaves its recorded request behind. For a minute, a repetition gets the answer
 * that the request is still running. After that the same request is sent again, unchanged and under the same id. The outside
 * service recognises a repetition by this id, so it does nothing twice. A refusal is not recorded as an answer: the next
 * repetition calls at once. Without an Idempotency-Key nothing is recorded, because no later request could refer to it.
 *
 * Guard and row security apply in both transactions: a person who was signed out in between gets no answer.
 */
import { newId } from '#kernel';
import { json, sql, type TenantDatabase, type TenantScope, type TenantTransaction } from '#platform/database';
import { type IdempotencyKey, inFlight, lockKey, record, waitForKey } from './idempotency-key.js';

/** A value that JSON stores and restores unchanged: no transaction, no row, no function. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [member: string]: Plain };

/** The parts of one exchange. Method syntax, so that an exchange of any request type is assignable to `OutboundExchange`. */
interface Parts<Request extends Plain, Answer, Result> {
  /** Decides what to request. Called again when the transaction is retried, and not called when a request is repeated. */
  prepare(tx: TenantTransaction): Promise<Request>;
  /** Calls the outside service. No transaction is open. `id` is the same for every repetition of this request. */
  call(request: Request, id: string): Promise<Answer>;
  conclude(tx: TenantTransaction, answer: Answer): Promise<Result> | Result;
}

export type OutboundExchange<Result> = Parts<Plain, unknown, Result>;

/** Makes an exchange of its parts; each part is typed by the one before it. */
export function outboundExchange<Request extends Plain, Answer, Result>(
  parts: Parts<Request, Answer, Result>,
): OutboundExchange<Result> {
  return parts;
}

/**
 * Longer than any call takes. If a call takes longer after all, a second one starts beside it, which is harmless: both use
 * the same id.
 */
const CALLING_SECONDS = 60;

interface Begun {
  readonly id: string;
  readonly request: Plain;
}

export async function runOutboundExchange<Result>(
  database: Pick<TenantDatabase, 'transaction'>,
  scope: TenantScope,
  key: IdempotencyKey | undefined,
  parts: OutboundExchange<Result>,
): Promise<Result> {
  const begun = await database.transaction(scope, (tx) => begin(tx, key, parts));
  if ('answer' in begun) return begun.answer;
  try {
    const answer = await parts.call(begun.request, begun.id);
    return await database.transaction(scope, (tx) => conclude(tx, key, begun.id, () => parts.conclude(tx, answer)));
  } catch (error) {
    // Best effort: the claim expires anyway, so the original error is reported.
    if (key) await releaseClaim(database, scope, key, begun.id).catch(() => undefined);
    throw error;
  }
}

async function begin<Result>(
  tx: TenantTransaction,
  key: IdempotencyKey | undefined,
  parts: OutboundExchange<Result>,
): Promise<Begun | { readonly answer: Result }> {
  if (!key) return { id: newId(), request: await parts.prepare(tx) };
  const { record: recorded, exchange } = await lockKey<Result>(tx, key);
  if (recorded) return { answer: recorded.answer };
  if (exchange?.is_asking) throw inFlight();
  if (exchange?.is_remembered) {
    await tx.execute(sql`
      update idempotency_asks set asking_until = app.now() + ${CALLING_SECONDS} * interval '1 second'
       where tenant_id = ${tx.tenant} and actor = ${tx.actor.id} and key = ${key.key}`);
    return { id: exchange.asked_as, request: exchange.question as Plain };
  }
  const begun = { id: newId(), request: await parts.prepare(tx) };
  await tx.execute(sql`
    insert into idempotency_asks (tenant_id, actor, key, fingerprint, asked_as, question, asked_at, asking_until)
    values (${tx.tenant}, ${tx.actor.id}, ${key.key}, ${key.fingerprint}, ${begun.id}, ${json(begun.request)}, app.now(),
            app.now() + ${CALLING_SECONDS} * interval '1 second')
    on conflict (tenant_id, actor, key) do update
       set asked_as = excluded.asked_as, question = excluded.question, asked_at = excluded.asked_at, asking_until = excluded.asking_until`);
  return begun;
}

/** Of two callers with the same request, the second finds the row deleted and returns the first one's answer. */
async function conclude<Result>(
  tx: TenantTransaction,
  key: IdempotencyKey | undefined,
  id: string,
  work: () => Promise<Result> | Result,
): Promise<Result> {
  if (!key) return work();
  await tx.execute(waitForKey(tx, key));
  const mine = await tx.execute(sql`
    delete from idempotency_asks
     where tenant_id = ${tx.tenant} and actor = ${tx.actor.id} and key = ${key.key} and asked_as = ${id}`);
  if (mine === 0) {
    const { record: recorded } = await lockKey<Result>(tx, key);
    if (recorded) return recorded.answer;
    throw inFlight();
  }
  const answer = await work();
  record(tx, key, answer);
  return answer;
}

/** Ends the claim. It runs without the guard, which may have caused the refusal; row security still applies. */
async function releaseClaim(
  database: Pick<TenantDatabase, 'transaction'>,
  { tenant, actor }: TenantScope,
  key: IdempotencyKey,
  id: string,
): Promise<void> {
  await database.transaction({ tenant, actor }, (tx) =>
    tx.execute(sql`
      update idempotency_asks set asking_until = app.now()
       where tenant_id = ${tx.tenant} and actor = ${tx.actor.id} and key = ${key.key} and asked_as = ${id}`),
  );
}
