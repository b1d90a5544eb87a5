/** Processes the tenants, a few at a time, each in its own transaction. A tenant that fails is parked; the others go on. */
import { DomainError } from '#kernel';
import type { CrossTenantDatabase, CrossTenantTransaction } from '#platform/database/crossing';
import type { PassContext, PassEvent, PassFact } from '#platform/inbox';
import { tryLockAccount } from '../../accounts/index.js';
import { park, type PassName } from '../data/runs.js';

/** PostgreSQL is the limit; more tenants at a time would only wait for it. */
const AT_ONCE = 4;

export interface TenantWork {
  readonly tenant: string;
  /** Undefined: there is nothing to report. */
  readonly work: (tx: CrossTenantTransaction) => Promise<PassFact | undefined>;
}

/** Yields in the order in which tenants finish. A database failure ends the pass; a failure of one tenant does not. */
export async function* eachTenant(
  { database, isDryRun }: Pick<PassContext, 'database' | 'isDryRun'>,
  pass: PassName,
  items: Iterable<TenantWork>,
): AsyncGenerator<PassEvent> {
  const iterator = items[Symbol.iterator]();
  const underWay = new Map<object, Promise<{ key: object; event: PassEvent | undefined }>>();
  const startNext = () => {
    const next = iterator.next();
    if (next.done) return;
    const key = {};
    const { value } = next;
    underWay.set(
      key,
      one(database, pass, value, isDryRun).then((event) => ({ key, event })),
    );
  };
  for (let started = 0; started < AT_ONCE; started++) startNext();
  while (underWay.size > 0) {
    let settled;
    try {
      settled = await Promise.race(underWay.values());
    } catch (error) {
      await Promise.allSettled(underWay.values());
      throw error;
    }
    underWay.delete(settled.key);
    startNext();
    if (settled.event) yield settled.event;
  }
}

async function one(
  database: CrossTenantDatabase,
  pass: PassName,
  { tenant, work }: TenantWork,
  isDryRun: boolean,
): Promise<PassEvent | undefined> {
  const guarded = async (tx: CrossTenantTransaction) =>
    (await tryLockAccount(tx, tenant)) ? { facts: await work(tx) } : undefined;
  try {
    const outcome = await (isDryRun ? database.rehearse(guarded) : database.transaction(guarded));
    if (!outcome) return { kind: 'busy', tenant };
    return outcome.facts && { kind: 'tenant', tenant, facts: outcome.facts };
  } catch (error) {
    if (error instanceof DomainError && error.kind === 'unavailable') throw error;
    const reason = error instanceof Error ? error.message : String(error);
    if (!isDryRun) await park(database, tenant, pass, reason);
    return { kind: 'parked', tenant, reason };
  }
}
