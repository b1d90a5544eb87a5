/** A tenant’s access as the wire shows it. */

import { instantText, moneyText } from '../accounts/index.js';
import type { AccessOverviewRow } from './data/access-overview.js';
import { graceDeadline } from './domain/access.js';

export function accessView(row: AccessOverviewRow) {
  const { access_state: state, notice_at: noticeAt, extended_until: extendedUntil } = row;
  return {
    state,
    trial_ends_at: state === 'trialing' ? instantText(row.trial_ends_at) : null,
    grace_ends_at: state === 'grace' ? instantText(graceDeadline({ noticeAt, extendedUntil })) : null,
    holds: row.holds,
    past_due: moneyText(row.past_due, row.currency),
  };
}
