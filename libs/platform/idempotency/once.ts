/**
 * `Idempotency-Key`: the same key with the same request gives the same answer, and the work is done once. The record is
 * written in the transaction of the work, so there is no moment in which one exists without the other.
 *
 *   key free ─▶ lock it ─▶ work ─▶ record answer ─▶ commit
 *   key locked by a running request ─▶ 409        key recorded, other request ─▶ 422        same request ─▶ its answer
 *
 * Only answers of work that committed are kept: a refused request changed nothing, so its retry is judged afresh.
 */
import { createHash } from 'node:crypto';
import type { Operation } from '#contracts/operation';
import { errorTable } from '#kernel';
import { json, sql, type TenantTransaction } from '#platform/database';

const errors = errorTable({
  invalid_idempotency_key: ['malformed', 'Idempotency-Key must be 1 to 255 printable characters.'],
  idempotency_key_reused: ['invalid', 'This Idempotency-Key was used for another request.'],
  idempotency_key_in_flight: ['conflict', 'A request with this Idempotency-Key is still running.'],
});

/** Printable ASCII, as the IETF draft's structured-field string allows. */
const KEY = /^[\x20-\x7e]{1,255}$/;

export interface IdempotencyKey {
  readonly key: string;
  /** SHA-256 over operation, path parameters and body. */
  readonly fingerprint: string;
}

export function idempotencyKey(
  header: string | string[] | undefined,
  operation: Operation,
  params: unknown,
  body: unknown,
): IdempotencyKey | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || !KEY.test(header)) throw errors.invalid_idempotency_key();
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([operation.id, params, body ?? null]))
    .digest('hex');
  return { key: header, fingerprint };
}

export async function once<Result>(
  tx: TenantTransaction,
  key: IdempotencyKey | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  if (!key) return work();
  // The actor is part of the key: one person's key must not answer with what another person did.
  const [locked, recorded] = (await tx.batch([
    sql`select pg_try_advisory_xact_lock(hashtextextended(${`${tx.tenant}/${tx.actor.id}/${key.key}`}, 7102)) as is_free`,
    sql`
      select fingerprint, answer from idempotency_records
       where tenant_id = ${tx.tenant} and actor = ${tx.actor.id} and key = ${key.key}`,
  ])) as [[{ is_free: boolean }], { fingerprint: string; answer: Result }[]];
  const record = recorded[0];
  if (record && record.fingerprint !== key.fingerprint) throw errors.idempotency_key_reused();
  if (record) return record.answer;
  if (!locked[0].is_free) throw errors.idempotency_key_in_flight({ retryAfterSeconds: 1 });
  const answer = await work();
  tx.atCommit(
    () => sql`
      insert into idempotency_records (tenant_id, actor, key, fingerprint, answer, recorded_at)
      values (${tx.tenant}, ${tx.actor.id}, ${key.key}, ${key.fingerprint}, ${json(answer ?? null)}, now())`,
  );
  return answer;
}
