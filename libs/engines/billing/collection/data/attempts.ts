/** Rows of attempts to charge. Rows that a decision depends on are read and written under the account's lock. */
import { newId } from '#kernel';
import { type Column, type Queryable, type Row, type Sql, sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import type { Attempt, AttemptState, ChargeFacts, Decline } from '../domain/attempts.js';

export interface StoredAttempt extends Attempt {
  readonly tenant: string;
  readonly id: string;
  readonly invoiceId: string;
  readonly invoiceNumber: bigint;
  readonly amount: bigint;
  readonly currency: string;
  readonly methodRef: string;
  /** The provider's id for the attempt, once the provider has returned it. */
  readonly providerId: string | null;
}

type AttemptRow = Row<
  'billing_payment_attempts',
  | 'tenant_id'
  | 'id'
  | 'invoice_id'
  | 'method_id'
  | 'amount_minor'
  | 'currency'
  | 'provider_id'
  | 'created_at'
  | 'sent_at',
  { state: AttemptState; decline: Decline | null }
> & {
  invoice_number: NonNullable<Column<'billing_invoices', 'number'>>;
  method_ref: Column<'billing_payment_methods', 'provider_ref'>;
};

export async function readAttempt(
  tx: CrossTenantTransaction,
  tenant: string,
  id: string,
): Promise<StoredAttempt | undefined> {
  const row = await tx.first<AttemptRow>(sql`
    select a.tenant_id, a.id, a.invoice_id, i.number as invoice_number, a.method_id, m.provider_ref as method_ref, a.amount_minor,
           a.currency, a.state, a.decline, a.provider_id, a.created_at, a.sent_at
      from billing_payment_attempts a
      join billing_invoices i on i.tenant_id = a.tenant_id and i.id = a.invoice_id
      join billing_payment_methods m on m.tenant_id = a.tenant_id and m.id = a.method_id
     where a.tenant_id = ${tenant} and a.id = ${id}`);
  return row && storedOf(row);
}

export interface AttemptCursor {
  readonly createdAt: Date;
  readonly id: string;
}

/** Attempts of uncertain outcome, oldest first; `after` pages through all of them, also past those that stay as they are. */
export async function unsettledAttempts(
  database: Queryable,
  provider: string,
  after: AttemptCursor | null,
  limit: number,
  tenant: string | undefined,
): Promise<StoredAttempt[]> {
  const rows = await database.query<AttemptRow>(sql`
    select a.tenant_id, a.id, a.invoice_id, i.number as invoice_number, a.method_id, m.provider_ref as method_ref, a.amount_minor,
           a.currency, a.state, a.decline, a.provider_id, a.created_at, a.sent_at
      from billing_payment_attempts a
      join billing_invoices i on i.tenant_id = a.tenant_id and i.id = a.invoice_id
      join billing_payment_methods m on m.tenant_id = a.tenant_id and m.id = a.method_id
     where a.state in ('created', 'sent', 'unknown') and a.provider = ${provider}
       and (${tenant ?? null}::uuid is null or a.tenant_id = ${tenant ?? null}::uuid)
       and (${after?.createdAt ?? null}::timestamptz is null
            or (a.created_at, a.id) > (${after?.createdAt ?? null}::timestamptz, ${after?.id ?? null}::uuid))
     order by a.created_at, a.id
     limit ${limit}`);
  return rows.map(storedOf);
}

export type NewAttempt = Omit<StoredAttempt, 'id' | 'providerId'> & { readonly provider: string };

/** A constraint of the database refuses a second attempt in flight, independent of locks. */
export async function insertAttempt(tx: CrossTenantTransaction, attempt: NewAttempt): Promise<StoredAttempt> {
  const { tenant, invoiceId, provider, methodId, amount, currency, state, decline, createdAt, sentAt } = attempt;
  const id = newId();
  await tx.execute(sql`
    insert into billing_payment_attempts (tenant_id, id, invoice_id, attempt_no, provider, method_id, amount_minor, currency, state,
                                          decline, created_at, sent_at, settled_at)
    select ${tenant}::uuid, ${id}::uuid, ${invoiceId}::uuid, coalesce(max(attempt_no), 0) + 1, ${provider}, ${methodId}::uuid,
           ${amount}::bigint, ${currency}, ${state}, ${decline}, ${createdAt}::timestamptz, ${sentAt}::timestamptz,
           case when ${state} = 'declined' then ${createdAt}::timestamptz end
      from billing_payment_attempts where tenant_id = ${tenant} and invoice_id = ${invoiceId}`);
  return { ...attempt, id, providerId: null };
}

/** `at` is the time at which the outcome was known, if it is known. */
export const saveAttempt = ({ tenant, id, state, decline, sentAt, providerId }: StoredAttempt, at: Date): Sql => sql`
  update billing_payment_attempts
     set state = ${state}, decline = ${decline}, sent_at = ${sentAt}, provider_id = coalesce(${providerId}, provider_id),
         settled_at = case when ${state} in ('succeeded', 'declined') then coalesce(settled_at, ${at}::timestamptz) end
   where tenant_id = ${tenant} and id = ${id}`;

export interface StoredChargeFacts extends Omit<ChargeFacts, 'owed'> {
  readonly methodRef: string | null;
}

type ChargeFactsRow = Row<'billing_invoices', never, { due_at: Date }> &
  Row<'billing_access_episodes', 'notice_at'> & {
    minimum: bigint;
    method_id: Column<'billing_payment_methods', 'id'> | null;
    method_ref: Column<'billing_payment_methods', 'provider_ref'> | null;
  };

/** The charge facts of an issued invoice beside its balance; the method is the tenant's default, if it is this provider's. */
export async function readChargeFacts(
  tx: CrossTenantTransaction,
  tenant: string,
  invoice: string,
  provider: string,
): Promise<StoredChargeFacts> {
  const [found, attempts] = await tx.batch([
    sql<ChargeFactsRow>`
      select i.due_at, e.notice_at, coalesce(plan.minimum_charge_minor, 0) as minimum, m.id as method_id, m.provider_ref as method_ref
        from billing_invoices i
        left join billing_access_episodes e on e.tenant_id = i.tenant_id and e.closed_at is null
        left join billing_payment_methods m
               on m.tenant_id = i.tenant_id and m.is_default and m.removed_at is null and m.provider = ${provider}
        left join lateral (
               select p.minimum_charge_minor from billing_plan_assignments g join billing_plan_versions p on p.id = g.plan_id
                where g.tenant_id = i.tenant_id and g.subscription_id = i.subscription_id and g.from_at <= app.now()
                order by g.from_at desc limit 1) plan on true
       where i.tenant_id = ${tenant} and i.id = ${invoice}`,
    sql<AttemptRow>`
      select state, decline, method_id, created_at, sent_at, amount_minor from billing_payment_attempts
       where tenant_id = ${tenant} and invoice_id = ${invoice}`,
  ]);
  const row = found[0]!;
  const refused = (as: Decline) => attempts.filter(({ decline }) => decline === as).map((row) => row.amount_minor);
  return {
    dueAt: row.due_at,
    noticeAt: row.notice_at,
    minimum: row.minimum,
    methodId: row.method_id,
    methodRef: row.method_ref,
    attempts: attempts.map(attemptOf),
    tooSmall: refused('too_small').reduce<bigint | null>(
      (most, one) => (most === null || one > most ? one : most),
      null,
    ),
    notChargeable: refused('not_chargeable'),
  };
}

export type DueInvoice = { tenant: Column<'billing_invoices', 'tenant_id'>; invoice: Column<'billing_invoices', 'id'> };

/** Due invoices with a method of this provider and no attempt in flight: candidates for a charge now. */
export async function invoicesToCharge(
  database: Queryable,
  provider: string,
  asOf: Date,
  after: DueInvoice | null,
  limit: number,
  tenant: string | undefined,
): Promise<DueInvoice[]> {
  return database.query<DueInvoice>(sql`
    select i.tenant_id as tenant, i.id as invoice
      from billing_invoices i
      join billing_payment_methods m on m.tenant_id = i.tenant_id and m.is_default and m.removed_at is null and m.provider = ${provider}
     where i.status = 'issued' and i.total_minor > 0 and i.due_at <= ${asOf}
       and (${tenant ?? null}::uuid is null or i.tenant_id = ${tenant ?? null}::uuid)
       and not exists (select from billing_payment_attempts a where a.tenant_id = i.tenant_id and a.invoice_id = i.id
                        and a.state in ('created', 'sent', 'unknown', 'succeeded'))
       and (${after?.tenant ?? null}::uuid is null or (i.tenant_id, i.id) > (${after?.tenant ?? null}::uuid, ${after?.invoice ?? null}::uuid))
     order by i.tenant_id, i.id
     limit ${limit}`);
}

function storedOf(row: AttemptRow): StoredAttempt {
  return {
    ...attemptOf(row),
    tenant: row.tenant_id,
    id: row.id,
    invoiceId: row.invoice_id,
    invoiceNumber: row.invoice_number,
    amount: row.amount_minor,
    currency: row.currency,
    methodRef: row.method_ref,
    providerId: row.provider_id,
  };
}

function attemptOf(row: AttemptRow): Attempt {
  const { state, decline, method_id: methodId, created_at: createdAt, sent_at: sentAt } = row;
  return { state, decline, methodId, createdAt, sentAt };
}
