/**
 * Rows of the cards that a store is charged by. The provider keeps the cards themselves.
 *
 * The rows alone determine which card is charged, so that provider events may come twice, late and in any order: the card
 * added last is charged, unless it was removed or detached, or a person removed another card after this one was requested.
 */
import { newId } from '#kernel';
import { type Queryable, type Row, type Sql, sql } from '#platform/database';
import type { CardFacts } from '../domain/card-facts.js';

export type MethodRow = Row<
  'billing_payment_methods',
  'id' | 'provider' | 'label' | 'brand' | 'last4' | 'exp_month' | 'exp_year' | 'added_at'
>;

export const defaultMethod = (tenant: string): Sql<MethodRow> => sql<MethodRow>`
  select id, provider, label, brand, last4, exp_month, exp_year, added_at from billing_payment_methods
   where tenant_id = ${tenant} and is_default and removed_at is null`;

export interface EnteredMethod {
  readonly tenant: string;
  readonly provider: string;
  readonly reference: string;
  readonly askedAt: Date;
  readonly askedBy: string;
  readonly card: CardFacts | null;
  readonly isAttached: boolean;
}

/** A known row keeps its position and its end; the caller holds the account's lock. */
export async function saveEntered(
  tx: Pick<Queryable, 'execute'>,
  { tenant, provider, reference, askedAt, askedBy, card, isAttached }: EnteredMethod,
): Promise<void> {
  await tx.execute(sql`
    insert into billing_payment_methods as m
           (tenant_id, id, provider, provider_ref, label, is_default, added_at, added_by, brand, last4, exp_month, exp_year,
            removed_at, is_detached)
    values (${tenant}, ${newId()}, ${provider}, ${reference}, ${labelOf(card)}, false, ${askedAt}, ${askedBy}, ${card?.brand ?? null},
            ${card?.last4 ?? null}, ${card?.expMonth ?? null}, ${card?.expYear ?? null},
            case when not ${isAttached}::boolean then app.now() end, not ${isAttached}::boolean)
    on conflict (tenant_id, provider, provider_ref) do update
       set brand = excluded.brand, last4 = excluded.last4, exp_month = excluded.exp_month, exp_year = excluded.exp_year,
           removed_at = coalesce(m.removed_at, excluded.removed_at),
           is_detached = case when m.removed_at is null then excluded.is_detached else m.is_detached end`);
}

/** The tenant of a method, found by the provider's id alone; a card belongs to one store. */
export function ownersOf(database: Queryable, provider: string, method: string): Promise<{ tenant_id: string }[]> {
  return database.query(sql<Row<'billing_payment_methods', 'tenant_id'>>`
    select distinct tenant_id from billing_payment_methods
     where provider = ${provider} and split_part(provider_ref, '/', 2) = ${method} and tenant_id is not null`);
}

export async function saveMethodNow(
  tx: Pick<Queryable, 'execute'>,
  tenant: string,
  provider: string,
  {
    method,
    card,
    isAttached,
  }: { readonly method: string; readonly card: CardFacts | null; readonly isAttached: boolean },
): Promise<void> {
  await tx.execute(sql`
    update billing_payment_methods m
       set label = case when m.last4 is null then m.label else ${labelOf(card)} end,
           brand = coalesce(${card?.brand ?? null}, brand), last4 = coalesce(${card?.last4 ?? null}, last4),
           exp_month = coalesce(${card?.expMonth ?? null}::smallint, exp_month), exp_year = coalesce(${card?.expYear ?? null}::smallint, exp_year),
           removed_at = case when ${isAttached}::boolean then removed_at else coalesce(removed_at, app.now()) end,
           is_detached = case when ${isAttached}::boolean or removed_at is not null then is_detached else true end
     where m.tenant_id = ${tenant} and m.provider = ${provider} and split_part(m.provider_ref, '/', 2) = ${method}`);
}

/** Two statements, because two methods must never be the default at the same moment. */
export const chooseDefault = (tenant: string): Sql[] => [
  sql`update billing_payment_methods set is_default = false where tenant_id = ${tenant} and is_default`,
  sql`
  update billing_payment_methods m set is_default = true
    from (select id, removed_at, added_at from billing_payment_methods
           where tenant_id = ${tenant} order by added_at desc, id desc limit 1) newest
   where m.tenant_id = ${tenant} and m.id = newest.id and newest.removed_at is null
     and newest.added_at > coalesce((select max(r.removed_at) from billing_payment_methods r
                                      where r.tenant_id = ${tenant} and not r.is_detached), '-infinity')`,
];

function labelOf(card: CardFacts | null): string {
  return card === null ? 'Card' : `${card.brand.charAt(0).toUpperCase()}${card.brand.slice(1)} ${card.last4}`;
}

/** A person's decision. Cards requested before it are not charged either, however late the provider reports them. */
export const removal = (tenant: string, actor: string): Sql<MethodRow> => sql<MethodRow>`
  update billing_payment_methods set is_default = false, removed_at = app.now(), removed_by = ${actor}
   where tenant_id = ${tenant} and is_default and removed_at is null
  returning id, provider, label, brand, last4, exp_month, exp_year, added_at`;

/** The store's customer id at each provider, from its newest card there. */
export const customersOf = (tenant: string) => sql<Row<'billing_payment_methods', 'provider'> & { customer: string }>`
  select distinct on (provider) provider, split_part(provider_ref, '/', 1) as customer from billing_payment_methods
   where tenant_id = ${tenant} and provider_ref like '%/%'
   order by provider, added_at desc, id desc`;
