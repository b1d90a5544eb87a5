import { tenantCreated } from '#contracts/tenancy/events';
import { newId, newSecret, tenantId } from '#kernel';
import { createUser, type UserRow } from '#modules/identity';
import { sql, violatedConstraint } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { emit, onBehalfOf } from '#platform/outbox';
import type { TenantRow } from '../../data/tenants.js';
import { errors } from '../../errors.js';

export interface NewTenant {
  slug: string;
  legal_name: string;
  owner_email: string;
  owner_name: string;
  owner_password?: string | undefined;
  document?: string | undefined;
  locale: string;
  time_zone: string;
  currency: string;
}

export interface CreatedTenant {
  tenant: TenantRow;
  owner: UserRow;
  /** The generated password, shown once; absent when the operator gave one. */
  password: string | null;
}

const SECRET_BYTES = 15;

/** Creates a store and its owner in one transaction, so neither exists without the other. */
export async function createTenant(
  tx: CrossTenantTransaction,
  actor: string,
  input: NewTenant,
): Promise<CreatedTenant> {
  const id = tenantId(newId());
  const acting = onBehalfOf(tx, id, actor);
  try {
    const row = (await tx.first(sql<TenantRow>`
      insert into tenants (id, slug, legal_name, document, locale, time_zone, currency, created_at, changed_at)
      values (${id}, ${input.slug}, ${input.legal_name}, ${input.document ?? null}, ${input.locale}, ${input.time_zone}, ${input.currency},
              app.now(), app.now())
      returning id, slug, legal_name, document, state, locale, time_zone, currency, version, created_at`))!;
    emit(
      acting,
      tenantCreated,
      { id, version: row.version },
      {
        tenant_id: id,
        slug: row.slug,
        legal_name: row.legal_name,
        locale: row.locale,
        time_zone: row.time_zone,
        currency: row.currency,
      },
    );
    const password = input.owner_password ?? newSecret(SECRET_BYTES);
    const owner = await createUser(acting, {
      email: input.owner_email,
      name: input.owner_name,
      roles: ['owner'],
      password,
    });
    return { tenant: row, owner, password: input.owner_password === undefined ? password : null };
  } catch (error) {
    const constraint = violatedConstraint(error);
    if (constraint === 'tenants_slug') throw errors.slug_taken();
    if (constraint === 'tenants_slug_not_reserved') throw errors.slug_reserved();
    throw error;
  }
}
