/**
 * A write that asks somebody outside, and holds no connection while it waits:
 *
 *   transaction { key free? · prepare: what to ask · write it down } ─▶ ask ─▶ transaction { conclude · record the answer }
 *
 *   asked by a running request ─▶ 409      asked by one that died, or was refused ─▶ the same question, under the same id
 *   concluded ─▶ its answer                asked for another request ─▶ 422
 *
 * A process that dies between the transactions leaves its question behind. Who repeats the request within a minute is told that
 * it is still running; after that the question is put again, word for word and under the id by which the other side tells a
 * repetition, so that nothing is done there twice. A refusal is no answer: the next repetition asks at once. Without an
 * Idempotency-Key nothing is written down, because nobody could refer to it.
 *
 * Guard and row security hold in both transactions: who was signed out meanwhile gets nothing.
 */
import { newId } from '#kernel';
import { json, sql, type TenantDatabase, type TenantScope, type TenantTransaction } from '#platform/database';
import { type IdempotencyKey, inFlight, lockKey, record, waitForKey } from './idempotency-key.js';

/** What can be written down and read again as it was: no transaction, no row, no function. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [member: string]: Plain };

/** Of one request. Method syntax on purpose: an exchange of any question is an exchange. */
interface Parts<Request extends Plain, Answer, Result> {
  /** Decides what is asked. Done again if the database asks for it, and left out where a question is put again. */
  prepare(tx: TenantTransaction): Promise<Request>;
  /** No transaction is open. `id` is the same for every repetition of this question. */
  call(request: Request, id: string): Promise<Answer>;
  conclude(tx: TenantTransaction, answer: Answer): Promise<Result> | Result;
}

export type OutboundExchange<Result> = Parts<Plain, unknown, Result>;

/** Names the parts, and lets each be typed by the one before. */
export function outboundExchange<Request extends Plain, Answer, Result>(
  parts: Parts<Request, Answer, Result>,
): OutboundExchange<Result> {
  return parts;
}

/** Longer than anybody waits outside. Who still waits then is overtaken, which harms nobody: both ask under the same id. */
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
    // Only sooner than it would be by itself; so the error that counts is the first.
    if (key) await letGo(database, scope, key, begun.id).catch(() => undefined);
    throw error;
  }
}

async function begin<Result>(
  tx: TenantTransaction,
  key: IdempotencyKey | undefined,
  parts: OutboundExchange<Result>,
): Promise<Begun | { readonly answer: Result }> {
  if (!key) return { id: newId(), request: await parts.prepare(tx) };
  const { record: recorded, ask } = await lockKey<Result>(tx, key);
  if (recorded) return { answer: recorded.answer };
  if (ask?.is_asking) throw inFlight();
  if (ask?.is_remembered) {
    await tx.execute(sql`
      update idempotency_asks set asking_until = app.now() + ${CALLING_SECONDS} * interval '1 second'
       where tenant_id = ${tx.tenant} and actor = ${tx.actor.id} and key = ${key.key}`);
    return { id: ask.asked_as, request: ask.question as Plain };
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

/** Of two who asked the same, the second finds the row gone, and gives the first one's answer. */
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

/** Without the guard, which may be what refused: this is ours to tidy up, and row security still holds. */
async function letGo(
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
