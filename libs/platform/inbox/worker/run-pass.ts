/** One pass of one consumer over its tenants. Each tenant has its own transaction, so a failure does not undo the others. */
import { sql } from '#platform/database';
import type { CrossTenantDatabase, CrossTenantTransaction } from '#platform/database/crossing';
import type { EventConsumer, PassOutcome } from '../consumer.js';
import { tenantsOf } from './tenants.js';

export interface PassRequest {
  /** Defaults to the database's clock. */
  readonly asOf?: Date;
  readonly tenant?: string;
  /** Computes everything and rolls it back. */
  readonly isDryRun: boolean;
}

export type TenantOutcome = { readonly tenant: string } & (
  { readonly outcome: PassOutcome } | { readonly error: unknown }
);

export async function* runPass(
  database: CrossTenantDatabase,
  consumer: EventConsumer,
  request: PassRequest,
): AsyncGenerator<TenantOutcome> {
  const tenants = request.tenant ? [request.tenant] : await tenantsOf(database, consumer.name);
  for (const tenant of tenants) {
    const work = async (tx: CrossTenantTransaction) => {
      // A second run of the same pass waits here until the first one has finished.
      await tx.query(sql`select pg_advisory_xact_lock(hashtextextended(${`pass/${consumer.name}/${tenant}`}, 0))`);
      return consumer.run(tx, tenant, request.asOf ?? (await tx.now()));
    };
    try {
      yield { tenant, outcome: await (request.isDryRun ? database.rehearse(work) : database.transaction(work)) };
    } catch (error) {
      yield { tenant, error };
    }
  }
}
