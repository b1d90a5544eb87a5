/** People who may use the console. They belong to no tenant and have sessions of their own. */
import { newId, newSecret } from '#kernel';
import { hashPassword, verifyPassword } from '#platform/auth';
import { readModels, type Row, sql, violatedConstraint } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { errors } from '../../errors.js';
import { hashOf, newRefreshToken } from '../refresh-token.js';

const SESSION_HOURS = 12;
const SECRET_BYTES = 15;

export type OperatorRow = Row<'operators', 'id' | 'email' | 'name' | 'is_active' | 'created_at'>;

/** Returns the operator's and the session's id. Throws `invalid_credentials`. */
export async function signInOperator(
  tx: CrossTenantTransaction,
  email: string,
  password: string,
): Promise<{ id: string; sessionId: string }> {
  const account = await tx.first(sql<Row<'operators', 'id' | 'password_hash'>>`
    select id, password_hash from operators where email = ${email} and is_active`);
  if (!(await verifyPassword(account?.password_hash, password)) || !account) throw errors.invalid_credentials();
  const token = newRefreshToken(newId());
  await tx.execute(sql`
    insert into operator_sessions (id, operator_id, refresh_hash, expires_at, created_at)
    values (${token.sessionId}, ${account.id}, ${hashOf(token)}, app.now() + make_interval(hours => ${SESSION_HOURS}), app.now())`);
  return { id: account.id, sessionId: token.sessionId };
}

/** Returns 1, or 0 when the session had already ended. */
export function endOperatorSession(tx: CrossTenantTransaction, sessionId: string): Promise<number> {
  return tx.execute(
    sql`update operator_sessions set revoked_at = app.now() where id = ${sessionId} and revoked_at is null`,
  );
}

/** Newest first; one row more than `limit`, which shows whether another page follows. */
export function operatorPage(tx: CrossTenantTransaction, beforeId: string, limit: number): Promise<OperatorRow[]> {
  return readModels(tx, ({ operators }) =>
    operators.findMany({
      where: { id: { lt: beforeId } },
      orderBy: { id: 'desc' },
      take: limit + 1,
      select: { id: true, email: true, name: true, is_active: true, created_at: true },
    }),
  );
}

export interface NewOperator {
  email: string;
  name: string;
  password?: string | undefined;
}

export async function createOperator(
  tx: CrossTenantTransaction,
  input: NewOperator,
): Promise<{ operator: OperatorRow; password: string | null }> {
  const password = input.password ?? newSecret(SECRET_BYTES);
  try {
    const operator = await tx.first(sql<OperatorRow>`
      insert into operators (id, email, name, password_hash, created_at)
      values (${newId()}, ${input.email}, ${input.name}, ${await hashPassword(password)}, app.now())
      returning id, email, name, is_active, created_at`);
    return { operator: operator!, password: input.password === undefined ? password : null };
  } catch (error) {
    throw violatedConstraint(error) === 'operators_email_key' ? errors.email_taken() : error;
  }
}
