/** An operator's changes to a store's people, each with its reason in the audit. */
import type { Role } from '#contracts/roles';
import { newSecret } from '#kernel';
import { recordAct } from '#platform/audit';
import { changeUser, createUser, setPassword, type UserRow } from '#modules/identity';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { type EmittingTransaction, onBehalfOf } from '#platform/outbox';
import { requireTenant } from '../../data/tenants.js';

const SECRET_BYTES = 15;

export interface NewPerson {
  tenant: string;
  email: string;
  name: string;
  roles: Role[];
  password?: string | undefined;
  reason: string;
}

export interface Person {
  tenant: string;
  userId: string;
  reason: string;
}

/** `password` is the generated password, shown once; null when the operator gave one. */
export async function addUser(
  tx: CrossTenantTransaction,
  actor: string,
  input: NewPerson,
): Promise<{ user: UserRow; password: string | null }> {
  const password = input.password ?? newSecret(SECRET_BYTES);
  const user = await audited(tx, actor, 'user.create', input, (acting) => createUser(acting, { ...input, password }));
  return { user, password: input.password === undefined ? password : null };
}

export async function resetPassword(
  tx: CrossTenantTransaction,
  actor: string,
  input: Person,
): Promise<{ user: UserRow; password: string }> {
  const password = newSecret(SECRET_BYTES);
  const user = await audited(tx, actor, 'user.reset_password', input, (acting) =>
    setPassword(acting, input.userId, password),
  );
  return { user, password };
}

export async function deactivateUser(tx: CrossTenantTransaction, actor: string, input: Person): Promise<UserRow> {
  return audited(tx, actor, 'user.deactivate', input, (acting) =>
    changeUser(acting, { userId: input.userId, isActive: false }),
  );
}

async function audited(
  tx: CrossTenantTransaction,
  actor: string,
  action: string,
  input: { tenant: string; reason: string },
  act: (acting: EmittingTransaction) => Promise<UserRow>,
): Promise<UserRow> {
  const { id } = await requireTenant(tx, input.tenant);
  const user = await act(onBehalfOf(tx, id, actor));
  await recordAct(tx, {
    actor,
    action,
    tenant: id,
    subject: user.email,
    reason: input.reason,
    details: { roles: user.roles },
  });
  return user;
}
