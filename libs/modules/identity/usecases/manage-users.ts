import { userChanged, userCreated } from '#contracts/identity/events';
import type { Role } from '#contracts/roles';
import { newId } from '#kernel';
import { hashPassword, verifyPassword } from '#platform/auth';
import { type Queryable, type Row, sql, type TenantTransaction, violatedConstraint } from '#platform/database';
import { emit, type EmittingTransaction } from '#platform/outbox';
import { revokeSessions, userById, type UserRow } from '../data/users.js';
import { errors } from '../errors.js';

export interface NewUser {
  email: string;
  name: string;
  roles: Role[];
  password: string;
}

export async function createUser(tx: EmittingTransaction, input: NewUser): Promise<UserRow> {
  const id = newId();
  const passwordHash = await hashPassword(input.password);
  try {
    const row = (await tx.first(sql<UserRow>`
      insert into users (tenant_id, id, email, name, password_hash, roles, created_at, changed_at)
      values (${tx.tenant}, ${id}, ${input.email}, ${input.name}, ${passwordHash}, ${input.roles}, app.now(), app.now())
      returning id, email, name, roles, is_active, auth_version, version, last_sign_in_at, created_at`))!;
    emit(tx, userCreated, { id, version: row.version }, { user_id: id, email: row.email, roles: row.roles });
    return row;
  } catch (error) {
    throw violatedConstraint(error) === 'users_email' ? errors.email_taken() : error;
  }
}

export interface UserChange {
  userId: string;
  name?: string | undefined;
  roles?: Role[] | undefined;
  isActive?: boolean | undefined;
}

/** A change of roles or access raises auth_version, which refuses the person's tokens from the next request on. */
export async function changeUser(tx: EmittingTransaction, input: UserChange): Promise<UserRow> {
  // Owners are locked together, so that two owners who remove each other cannot both succeed.
  await tx.query(
    sql`select id from users where tenant_id = ${tx.tenant} and ('owner' = any(roles) or id = ${input.userId}) order by id for update`,
  );
  const before = await tx.first(userById(tx.tenant, input.userId));
  if (!before) throw errors.user_not_found();
  const roles = input.roles ?? before.roles;
  const isActive = input.isActive ?? before.is_active;
  const losesOwner = isOwner(before.roles, before.is_active) && !isOwner(roles, isActive);
  if (losesOwner && (await activeOwners(tx)) === 1) throw errors.last_owner();
  const isAccessChanged = isActive !== before.is_active || roles.join() !== before.roles.join();
  const after = (await tx.first(sql<UserRow>`
    update users
       set name = ${input.name ?? before.name}, roles = ${roles}, is_active = ${isActive},
           auth_version = auth_version + ${isAccessChanged ? 1 : 0}, version = version + 1, changed_at = app.now()
     where tenant_id = ${tx.tenant} and id = ${before.id}
    returning id, email, name, roles, is_active, auth_version, version, last_sign_in_at, created_at`))!;
  if (!isActive) await revokeSessions(tx, tx.tenant, before.id, 'access taken away');
  emit(
    tx,
    userChanged,
    { id: after.id, version: after.version },
    {
      user_id: after.id,
      email: after.email,
      roles: after.roles,
      is_active: after.is_active,
    },
  );
  return after;
}

export async function setPassword(tx: EmittingTransaction, userId: string, password: string): Promise<UserRow> {
  const passwordHash = await hashPassword(password);
  const row = await tx.first(sql<UserRow>`
    update users set password_hash = ${passwordHash}, version = version + 1, changed_at = app.now()
     where tenant_id = ${tx.tenant} and id = ${userId}
    returning id, email, name, roles, is_active, auth_version, version, last_sign_in_at, created_at`);
  if (!row) throw errors.user_not_found();
  await revokeSessions(tx, tx.tenant, userId, 'password reset');
  emit(
    tx,
    userChanged,
    { id: row.id, version: row.version },
    {
      user_id: row.id,
      email: row.email,
      roles: row.roles,
      is_active: row.is_active,
    },
  );
  return row;
}

export interface OwnPassword {
  userId: string;
  sessionId: string;
  current: string;
  next: string;
}

/** Returns how many other sessions ended. Throws `invalid_credentials`. */
export async function changeOwnPassword(tx: TenantTransaction, input: OwnPassword): Promise<number> {
  const account = await tx.first(sql<Row<'users', 'password_hash'>>`
    select password_hash from users where tenant_id = ${tx.tenant} and id = ${input.userId} for update`);
  if (!(await verifyPassword(account?.password_hash, input.current))) throw errors.invalid_credentials();
  await tx.execute(sql`
    update users set password_hash = ${await hashPassword(input.next)}, changed_at = app.now()
     where tenant_id = ${tx.tenant} and id = ${input.userId}`);
  return revokeSessions(tx, tx.tenant, input.userId, 'password changed', input.sessionId);
}

async function activeOwners(tx: Queryable & { tenant: string }): Promise<number> {
  const row = await tx.first(sql<{ count: number }>`
    select count(*)::int as count from users where tenant_id = ${tx.tenant} and is_active and 'owner' = any(roles)`);
  return row!.count;
}

function isOwner(roles: readonly Role[], isActive: boolean): boolean {
  return isActive && roles.includes('owner');
}
