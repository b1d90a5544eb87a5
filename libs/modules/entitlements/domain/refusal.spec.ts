import { limitOf, refusalOf } from './refusal.js';

const endsAt = new Date('2026-12-01T03:00:00.000Z');

describe('a limit', () => {
  it.each([
    ['the plan’s without a cap', 1500n, null, 1500n],
    ['the store’s own cap where that is lower', 1500n, 900n, 900n],
    ['the plan’s where the cap is higher', 1500n, 2000n, 1500n],
    ['nothing at all under a cap of zero', 1500n, 0n, 0n],
  ])('is %s', (_, hard, cap, limit) => {
    expect(limitOf({ hard, cap, endsAt })).toBe(limit);
  });

  it('is named in the refusal: its kind, the units used, and the end of the period', () => {
    expect(refusalOf('quotes', { hard: 1500n, cap: null, endsAt }, 1500n)).toMatchObject({
      code: 'usage_limit_reached',
      kind: 'payment_required',
      extras: {
        details: { meter: 'quotes', used: 1500, limit: 1500, limited_by: 'plan', period_ends_at: endsAt.toISOString() },
      },
    });
    expect(refusalOf('active_users', { hard: 1500n, cap: 900n, endsAt }, 901n)).toMatchObject({
      message: 'The store’s own cap of 900 active users in this period is reached; raise it to go on.',
      extras: { details: { used: 901, limit: 900, limited_by: 'own_cap' } },
    });
  });

  it('is the plan’s while the cap is equally high, because raising the cap would not help', () => {
    expect(refusalOf('quotes', { hard: 900n, cap: 900n, endsAt }, 900n).extras.details).toMatchObject({
      limited_by: 'plan',
    });
  });
});
