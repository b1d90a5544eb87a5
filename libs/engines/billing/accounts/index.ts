/** A tenant’s billing account: its lock, its row, its events and its ledger. */
export { type Act, audited, type AuditedAction } from './controllers/audited.js';
export {
  type Account,
  announce,
  announceAll,
  type Announcement,
  announcement,
  CLOCK,
  lockAccount,
  lockedNow,
  requireAccount,
  tryLockAccount,
} from './data/accounts.js';
export { type Posting, postings, saveLedger } from './data/ledger.js';
export type { Reading } from './data/reading.js';
export { tenantNamed } from './data/tenant-named.js';
export { lockTenants, type Owner, saveOwners, saveTenants, type TenantFacts } from './data/tenants.js';
export { amountAboveZero, amountOfText, priceMicroOf } from './domain/amounts.js';
export { localDay, startOfDay } from './domain/local-days.js';
export { nameEmail } from './usecases/name-email.js';
export { instantOf } from './usecases/parse-instant.js';
export { instantText, moneyText, priceText } from './view.js';
