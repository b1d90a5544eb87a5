/** The quote's tables, read and written. Lines come as one JSON column with figures as text, so none passes a float. */
import { type DocumentLine, type LineColumn, lineRows } from '#modules/documents';
import { json, type JsonRow, type Row, type Sql, sql, type TenantTransaction } from '#platform/database';
import type { QuoteState } from '../domain/quote.js';
import { errors } from '../errors.js';

export type QuoteRow = Row<
  'quotes',
  | 'id'
  | 'number'
  | 'revision'
  | 'customer_id'
  | 'site_id'
  | 'seller_id'
  | 'currency'
  | 'discount_percent'
  | 'total_minor'
  | 'valid_days'
  | 'valid_until'
  | 'accepted_by'
  | 'version'
  | 'created_at',
  { state: QuoteState }
> & {
  /** app.now() of the reading statement: the database's clock decides whether a sent quote has expired. */
  now: Date;
};

export type QuoteLineRow = JsonRow<'quote_lines', LineColumn | 'converted_quantity'>;

export type QuoteWithLines = QuoteRow & { lines: QuoteLineRow[] };

export const quoteById = (id: string): Sql<QuoteWithLines> => sql`
  select q.id, q.number, q.revision, q.state, q.customer_id, q.site_id, q.seller_id, q.currency, q.discount_percent, q.total_minor,
         q.valid_days, q.valid_until, q.accepted_by, q.version, q.created_at, app.now() as now,
         coalesce((select json_agg(json_build_object(
                            'position', l.position, 'product_id', l.product_id, 'code', l.code, 'name', l.name, 'unit', l.unit,
                            'quantity', l.quantity::text, 'base_quantity', l.base_quantity::text, 'unit_price', l.unit_price::text,
                            'discount_percent', l.discount_percent::text, 'total_minor', l.total_minor::text,
                            'converted_quantity', l.converted_quantity::text) order by l.position)
                     from quote_lines l where l.tenant_id = q.tenant_id and l.quote_id = q.id), '[]') as lines
    from quotes q
   where q.tenant_id = app.current_tenant() and q.id = ${id}`;

export const quotePage = (
  state: string | undefined,
  customerId: string | undefined,
  beforeId: string,
  limit: number,
): Sql<QuoteRow> => sql`
  select id, number, revision, state, customer_id, site_id, seller_id, currency, discount_percent, total_minor,
         valid_days, valid_until, accepted_by, version, created_at, app.now() as now
    from quotes
   where tenant_id = app.current_tenant() and id < ${beforeId}
     and (${state ?? null}::text is null
          or case when state = 'sent' and valid_until <= app.now() then 'expired' else state end = ${state ?? null})
     and (${customerId ?? null}::uuid is null or customer_id = ${customerId ?? null}::uuid)
   order by id desc limit ${limit + 1}`;

export interface QuoteRef {
  readonly quoteId: string;
  /** From `If-Match`. */
  readonly expectedVersion?: number | undefined;
}

/**
 * Reads the quote and locks it until the transaction ends, so that callers decide one after the other. Throws
 * `quote_not_found` or `version_conflict`.
 */
export async function lockQuote(tx: TenantTransaction, ref: QuoteRef): Promise<QuoteWithLines> {
  const [locked, [quote]] = await tx.batch([
    sql`select version from quotes where tenant_id = ${tx.tenant} and id = ${ref.quoteId} for update`,
    quoteById(ref.quoteId),
  ]);
  if (!quote || locked.length === 0) throw errors.quote_not_found();
  if (ref.expectedVersion !== undefined && ref.expectedVersion !== quote.version) throw errors.version_conflict();
  return quote;
}

export interface QuoteDraft {
  id: string;
  number: string;
  revision: number;
  customerId: string;
  siteId: string | null;
  currency: string;
  discountPercent: string;
  totalMinor: bigint;
  validDays: number;
  lines: readonly DocumentLine[];
}

export async function insertQuote(tx: TenantTransaction, draft: QuoteDraft): Promise<QuoteWithLines> {
  const [, , [quote]] = await tx.batch([
    sql`
      insert into quotes (tenant_id, id, number, revision, state, customer_id, site_id, seller_id, currency, discount_percent,
                          total_minor, valid_days, created_at, changed_at)
      values (${tx.tenant}, ${draft.id}, ${draft.number}, ${draft.revision}, 'draft', ${draft.customerId}, ${draft.siteId},
              ${tx.actor.id}, ${draft.currency}, ${draft.discountPercent}, ${draft.totalMinor}, ${draft.validDays}, app.now(), app.now())`,
    insertLines(tx, draft),
    quoteById(draft.id),
  ]);
  return quote!;
}

export async function replaceDraft(tx: TenantTransaction, draft: QuoteDraft): Promise<QuoteWithLines> {
  const [, , , [quote]] = await tx.batch([
    sql`
      update quotes
         set customer_id = ${draft.customerId}, site_id = ${draft.siteId}, discount_percent = ${draft.discountPercent},
             total_minor = ${draft.totalMinor}, valid_days = ${draft.validDays}, version = version + 1, changed_at = app.now()
       where tenant_id = ${tx.tenant} and id = ${draft.id}`,
    sql`delete from quote_lines where tenant_id = ${tx.tenant} and quote_id = ${draft.id}`,
    insertLines(tx, draft),
    quoteById(draft.id),
  ]);
  return quote!;
}

export interface StateChange {
  to: QuoteState;
  validUntil?: Date;
  acceptedBy?: string;
}

/** Raises the version. Returns the quote as it is now; the event and the answer are made of it. */
export async function saveState(
  tx: TenantTransaction,
  quote: QuoteWithLines,
  change: StateChange,
): Promise<QuoteWithLines> {
  const row = await tx.first(sql<QuoteRow>`
    update quotes
       set state = ${change.to},
           valid_until = coalesce(${change.validUntil ?? null}, valid_until),
           accepted_by = coalesce(${change.acceptedBy ?? null}, accepted_by),
           version = version + 1,
           changed_at = app.now()
     where tenant_id = ${tx.tenant} and id = ${quote.id}
    returning id, number, revision, state, customer_id, site_id, seller_id, currency, discount_percent, total_minor,
              valid_days, valid_until, accepted_by, version, created_at, app.now() as now`);
  return { ...row!, lines: quote.lines };
}

export async function addConverted(
  tx: TenantTransaction,
  id: string,
  lines: readonly { position: number; quantity: { toText(): string } }[],
): Promise<void> {
  await tx.execute(sql`
    update quote_lines l
       set converted_quantity = l.converted_quantity + c.quantity
      from unnest(${lines.map((line) => line.position)}::int[], ${lines.map((line) => line.quantity.toText())}::numeric[])
           as c(position, quantity)
     where l.tenant_id = ${tx.tenant} and l.quote_id = ${id} and l.position = c.position`);
}

function insertLines(tx: TenantTransaction, draft: Pick<QuoteDraft, 'id' | 'lines'>): Sql {
  return sql`
    insert into quote_lines (tenant_id, quote_id, position, product_id, code, name, unit, quantity, base_quantity, unit_price,
                             discount_percent, total_minor)
    select ${tx.tenant}, ${draft.id}, l.position, l.product_id, l.code, l.name, l.unit, l.quantity, l.base_quantity, l.unit_price,
           l.discount_percent, l.total_minor
      from jsonb_populate_recordset(null::quote_lines, ${json(lineRows(draft.lines))}) as l`;
}
