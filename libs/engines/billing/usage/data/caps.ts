/** The stores' own caps, from their events. Bills do not use them; a forecast shows where a cap ends the usage. */
import type { MeterName } from '#contracts/meters';
import { type Queryable, type Row, type Sql, sql } from '#platform/database';

export interface OwnCap {
  readonly tenant: string;
  readonly meter: MeterName;
  /** Null: the cap was removed. */
  readonly cap: number | null;
  readonly setBy: string;
  readonly setAt: string;
  /** Version of the aggregate; it orders changes at the same instant. */
  readonly version: number;
}

export function isNewer(one: OwnCap, other: OwnCap): boolean {
  return one.setAt === other.setAt ? one.version > other.version : one.setAt > other.setAt;
}

/** Keeps the newest cap, in whatever order the events arrive, because a replay delivers the whole history again. */
export const saveCaps = (caps: readonly OwnCap[]): Sql => sql`
  insert into billing_usage_caps as c (tenant_id, meter, cap, set_by, set_at, version)
  select * from unnest(
    ${caps.map(({ tenant }) => tenant)}::uuid[], ${caps.map(({ meter }) => meter)}::text[],
    ${caps.map(({ cap }) => cap)}::bigint[], ${caps.map(({ setBy }) => setBy)}::text[],
    ${caps.map(({ setAt }) => setAt)}::timestamptz[], ${caps.map(({ version }) => version)}::int[])
  on conflict (tenant_id, meter) do update
     set cap = excluded.cap, set_by = excluded.set_by, set_at = excluded.set_at, version = excluded.version
   where (excluded.set_at, excluded.version) > (c.set_at, c.version)`;

export interface CapInForce {
  readonly cap: bigint;
  readonly setBy: string;
  readonly setAt: Date;
}

/** The caps in force, by meter. */
export async function capsOf(tx: Pick<Queryable, 'query'>, tenant: string): Promise<ReadonlyMap<string, CapInForce>> {
  const rows = await tx.query(sql<Row<'billing_usage_caps', 'meter' | 'set_by' | 'set_at', { cap: bigint }>>`
    select meter, cap, set_by, set_at from billing_usage_caps where tenant_id = ${tenant} and cap is not null`);
  return new Map(rows.map(({ meter, cap, set_by: setBy, set_at: setAt }) => [meter, { cap, setBy, setAt }]));
}
