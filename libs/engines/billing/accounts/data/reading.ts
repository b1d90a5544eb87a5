/** What a statement that only reads needs of its transaction. */

import type { CrossTenantTransaction } from '#platform/database/crossing';

/** What reading needs of a transaction, a store's or the operator's: row security says whose rows it sees. */
export type Reading = Pick<CrossTenantTransaction, 'query' | 'first' | 'execute' | 'batch' | 'now'>;
