import type { Role } from '#contracts/roles';
import { type Queryable, type Row, type Sql, sql } from '#platform/database';

export type UserRow = Row<
  'users',
  'id' | 'email' | 'name' | 'is_active' | 'auth_version' | 'version' | 'last_sign_in_at' | 'created_at',
  { roles: Role[] }
>;

export const userById = (tenant: string, id: string): Sql<UserRow> => sql`
  select id, email, name, roles, is_active, auth_version, version, last_sign_in_at, created_at
    from users where tenant_id = ${tenant} and id = ${id}`;

/** A user with the name and state of the bound tenant. */
export const personById = (tenant: string, id: string): Sql<UserRow & { legal_name: string; state: string }> => sql`
  select u.id, u.email, u.name, u.roles, u.is_active, u.auth_version, u.version, u.last_sign_in_at, u.created_at,
         t.legal_name, t.state
    from users u cross join app.tenant_profile() t
   where u.tenant_id = ${tenant} and u.id = ${id}`;

export const userPage = (tenant: string, beforeId: string, limit: number): Sql<UserRow> => sql`
  select id, email, name, roles, is_active, auth_version, version, last_sign_in_at, created_at
    from users where tenant_id = ${tenant} and id < ${beforeId}
   order by id desc limit ${limit + 1}`;

export function userView(row: UserRow) {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    roles: row.roles,
    is_active: row.is_active,
    last_sign_in_at: row.last_sign_in_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
  };
}

/** Ends the person's sessions but one; returns how many. */
export async function revokeSessions(
  tx: Queryable,
  tenant: string,
  userId: string,
  reason: string,
  exceptSession: string | null = null,
): Promise<number> {
  return tx.execute(sql`
    update sessions set revoked_at = app.now(), revoked_reason = ${reason}
     where tenant_id = ${tenant} and user_id = ${userId} and revoked_at is null
       and (${exceptSession}::uuid is null or id <> ${exceptSession}::uuid)`);
}
