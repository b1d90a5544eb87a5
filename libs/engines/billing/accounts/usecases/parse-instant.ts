import { Temporal } from 'temporal-polyfill';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { requireAccount } from '../data/accounts.js';
import { startOfDay } from '../domain/local-days.js';

const A_DAY = /^\d{4}-\d\d-\d\d$/;

/** Parses an ISO instant or a day; a day means its first instant in the tenant’s zone. Throws `account_not_found`. */
export async function instantOf(tx: CrossTenantTransaction, tenant: string, text: string): Promise<Date> {
  if (!A_DAY.test(text)) return new Date(text);
  const { time_zone: zone } = await requireAccount(tx, tenant);
  return startOfDay(Temporal.PlainDate.from(text), zone);
}
