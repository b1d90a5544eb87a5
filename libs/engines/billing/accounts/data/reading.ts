/** The part of a transaction that a read uses. */

import type { CrossTenantTransaction } from '#platform/database/crossing';

/** A read runs in a store's transaction or in the operator's; row security limits the rows that it sees. */
export type Reading = Pick<CrossTenantTransaction, 'query' | 'first' | 'execute' | 'batch' | 'now'>;
