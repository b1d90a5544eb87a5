import { type Row, sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { errors } from '../../errors.js';
import type { PassName } from '../data/runs.js';

/** The next pass tries again; if it fails again, it parks the tenant again. Throws `not_parked`. */
export async function releaseParked(
  tx: CrossTenantTransaction,
  { tenant, pass }: { readonly tenant: string; readonly pass: PassName | undefined },
): Promise<PassName[]> {
  const rows = await tx.query<Row<'billing_parked', never, { pass: PassName }>>(sql`
    delete from billing_parked
     where tenant_id = ${tenant} and (${pass ?? null}::text is null or pass = ${pass ?? null}::text) returning pass`);
  if (rows.length === 0) throw errors.not_parked();
  return rows.map((row) => row.pass).sort();
}
