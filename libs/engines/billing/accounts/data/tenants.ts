/**
 * Billing’s copy of tenants: their facts and the address of their owner. Both arrive as events of different aggregates,
 * in any order.
 */
import { type Sql, sql } from '#platform/database';

export interface TenantFacts {
  readonly tenant: string;
  readonly slug: string;
  readonly legalName: string;
  readonly locale: string;
  readonly timeZone: string;
  readonly currency: string;
}

export interface Owner {
  readonly tenant: string;
  readonly user: string;
  readonly email: string;
  readonly createdAt: string;
}

/**
 * Two batches may write a tenant and its owner at the same time, and neither sees the rows of the other. This lock
 * makes one of them wait. It is taken in the order of the tenants, before any row is locked.
 */
export const lockTenants = (tenants: readonly string[]): Sql => sql`
  select pg_advisory_xact_lock(hashtextextended('billing/' || tenant, 0)) from unnest(${tenants}::text[]) as tenant`;

/** A new account starts as stale, because its usage may have arrived before the tenant. */
export const saveTenants = (tenants: readonly TenantFacts[]): Sql => sql`
  insert into billing_accounts (tenant_id, slug, legal_name, locale, time_zone, currency, is_stale)
  select t.*, true from unnest(
    ${tenants.map(({ tenant }) => tenant)}::uuid[], ${tenants.map(({ slug }) => slug)}::text[],
    ${tenants.map(({ legalName }) => legalName)}::text[], ${tenants.map(({ locale }) => locale)}::text[],
    ${tenants.map(({ timeZone }) => timeZone)}::text[], ${tenants.map(({ currency }) => currency)}::text[]) as t
  on conflict do nothing`;

/**
 * The account's address is the address of its first owner, in whatever order the events arrive. An address that the
 * operator set is not changed: only an address of a later owner is replaced, and only by an owner who is new.
 */
export const saveOwners = (tenants: readonly string[], owners: readonly Owner[]): Sql => sql`
  with fresh as (
    insert into billing_owners (tenant_id, user_id, email, created_at)
    select o.* from unnest(
      ${owners.map(({ tenant }) => tenant)}::uuid[], ${owners.map(({ user }) => user)}::uuid[],
      ${owners.map(({ email }) => email)}::text[], ${owners.map(({ createdAt }) => createdAt)}::timestamptz[]) as o
    on conflict do nothing
    returning tenant_id, user_id, email, created_at, true as is_fresh
  ), known as (
    select tenant_id, user_id, email, created_at, false as is_fresh from billing_owners where tenant_id = any(${tenants}::uuid[])
    union all
    select * from fresh
  ), first as (
    select distinct on (tenant_id) tenant_id, email, is_fresh from known order by tenant_id, created_at, user_id
  )
  update billing_accounts b set email = first.email from first
   where b.tenant_id = first.tenant_id
     and (b.email is null
       or (first.is_fresh and b.email in (select k.email from known k where k.tenant_id = b.tenant_id)))`;
