/**
 * `Idempotency-Key`: the same key with the same request gives the same answer, and the work is done once. The record is
 * written in the transaction of the work, so neither exists without the other.
 *
 *   key free ─▶ lock it ─▶ work ─▶ record answer ─▶ commit
 *   key locked by a running request ─▶ 409        key recorded, other request ─▶ 422        same request ─▶ its answer
 *
 * Only answers of committed work are kept. A refused request has changed nothing, so its repetition is processed again. Work
 * that calls an outside service takes two transactions: outbound-exchange.ts.
 *
 * An operation that answers with a secret ignores the header. Its answer must neither stand in a table nor be given to a caller
 * who knows the key but not the credentials: the actor of such a request is often anonymous.
 */
import type { Operation } from '#contracts/operation';
import { errorTable } from '#kernel';
import { json, type Row, type Sql, sql, type TenantTransaction } from '#platform/database';
import { type Fingerprint, type Fingerprints, isSameRequest } from './fingerprint.js';

const errors = errorTable({
  invalid_idempotency_key: ['malformed', 'Idempotency-Key must be 1 to 255 printable characters.'],
  idempotency_key_reused: ['invalid', 'This Idempotency-Key was used for another request.'],
  idempotency_key_in_flight: ['conflict', 'A request with this Idempotency-Key is still running.'],
});

/** Printable ASCII, as the IETF draft's structured-field string allows. */
const KEY = /^[\x20-\x7e]{1,255}$/;

export interface IdempotencyKey extends Fingerprint {
  readonly key: string;
}

export function idempotencyKey(
  header: string | string[] | undefined,
  fingerprints: Fingerprints,
  operation: Operation,
  { params, body }: { readonly params: unknown; readonly body: unknown },
): IdempotencyKey | undefined {
  if (header === undefined || operation.answersWithSecret) return undefined;
  if (typeof header !== 'string' || !KEY.test(header)) throw errors.invalid_idempotency_key();
  return { key: header, ...fingerprints.of(operation, params, body) };
}

export async function withIdempotencyKey<Result>(
  tx: TenantTransaction,
  key: IdempotencyKey | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  if (!key) return work();
  const known = await lockKey<Result>(tx, key);
  if (known.record) return known.record.answer;
  const answer = await work();
  record(tx, key, answer);
  return answer;
}

/** An exchange that was begun: a row of the table `idempotency_asks`. */
type BegunExchange = Row<'idempotency_asks', 'fingerprint' | 'asked_as' | 'question'> & {
  /** A request is assumed to be running with this exchange. */
  is_asking: boolean;
  is_remembered: boolean;
};

interface Known<Result> {
  readonly record: { answer: Result } | undefined;
  readonly exchange: BegunExchange | undefined;
}

/** Providers recognise an idempotency key for at least 24 hours, so an exchange is repeated under its id for an hour less. */
const REMEMBERED = '23 hours';

/**
 * Locks the key until the transaction ends. `record` is the recorded answer, if there is one. Throws `idempotency_key_reused`
 * or `idempotency_key_in_flight`.
 */
export async function lockKey<Result>(tx: TenantTransaction, key: IdempotencyKey): Promise<Known<Result>> {
  const [locked, records, exchanges] = await tx.batch([
    sql<{ is_free: boolean }>`select pg_try_advisory_xact_lock(hashtextextended(${nameOf(tx, key)}, 7102)) as is_free`,
    sql<Row<'idempotency_records', 'fingerprint', { answer: Result }>>`
      select fingerprint, answer from idempotency_records
       where tenant_id = ${tx.tenant} and actor = ${tx.actor.id} and key = ${key.key}`,
    sql<BegunExchange>`
      select fingerprint, asked_as, question, asking_until > app.now() as is_asking,
             asked_at > app.now() - ${REMEMBERED}::interval as is_remembered
        from idempotency_asks where tenant_id = ${tx.tenant} and actor = ${tx.actor.id} and key = ${key.key}`,
  ]);
  const [found] = records;
  const [exchange] = exchanges;
  if (!isSameRequest((found ?? exchange ?? key).fingerprint, key)) throw errors.idempotency_key_reused();
  if (!found && !locked[0]!.is_free) throw inFlight();
  return { record: found, exchange };
}

/** For the second transaction of an exchange. A request that looks up the key meanwhile gets `idempotency_key_in_flight`. */
export const waitForKey = (tx: TenantTransaction, key: IdempotencyKey): Sql => sql`
  select pg_advisory_xact_lock(hashtextextended(${nameOf(tx, key)}, 7102))`;

/** The actor is part of the key, so that one person's key never returns the answer of another person's request. */
function nameOf(tx: TenantTransaction, key: IdempotencyKey): string {
  return `${tx.tenant}/${tx.actor.id}/${key.key}`;
}

export function record(tx: TenantTransaction, key: IdempotencyKey, answer: unknown): void {
  tx.atCommit(
    () => sql`
      insert into idempotency_records (tenant_id, actor, key, fingerprint, answer, recorded_at)
      values (${tx.tenant}, ${tx.actor.id}, ${key.key}, ${key.fingerprint}, ${json(answer ?? null)}, now())`,
  );
}

export function inFlight() {
  return errors.idempotency_key_in_flight({ retryAfterSeconds: 1 });
}
