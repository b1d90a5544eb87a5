import fc from 'fast-check';
import { storageMeasured, usageReported } from '#contracts/entitlements/events';
import type { Envelope, EventContract, EventData } from '#contracts/event';
import { EVENT_CONTRACTS } from '#contracts/event-contracts';
import { userSignedIn } from '#contracts/identity/events';
import { orderCreated } from '#contracts/orders/events';
import { quoteCreated } from '#contracts/quotes/events';
import { sampleSize } from '#testing/sample';
import { METERS, totalOf, usageOf } from './meters.js';

const AT = '2026-11-20T14:00:30.000Z';
const AGGREGATE = '01931b6e-3c00-7a00-8000-00000000000b';

function event<Contract extends EventContract>(contract: Contract, data: EventData<Contract>): Envelope {
  return {
    specversion: '1.0',
    id: '01931b6e-3c00-7a00-8000-00000000000e',
    source: `basecommerce/${contract.aggregate}`,
    type: contract.type,
    subject: `${contract.aggregate}/${AGGREGATE}`,
    time: AT,
    datacontenttype: 'application/json',
    dataschema: `${contract.type}/v${contract.version}`,
    tenantid: '01931b6e-3c00-7a00-8000-000000000009',
    aggregateversion: 1,
    actor: 'system:test',
    data,
  };
}

describe('usage', () => {
  it('is an order, a first quote revision, a sign-in, and a reported count', () => {
    expect(usageOf(event(orderCreated, orderCreated.example))).toEqual({
      meter: 'orders',
      subject: AGGREGATE,
      quantity: 1n,
      occurredAt: AT,
    });
    expect(usageOf(event(quoteCreated, quoteCreated.example))).toMatchObject({ meter: 'quotes', quantity: 1n });
    expect(usageOf(event(userSignedIn, userSignedIn.example))).toMatchObject({
      meter: 'active_users',
      subject: userSignedIn.example.user_id,
    });
  });

  it('does not count another revision of a quote', () => {
    expect(usageOf(event(quoteCreated, { ...quoteCreated.example, revision: 2 }))).toBeUndefined();
  });

  it('dates a report at the start of its interval', () => {
    const data = {
      ...usageReported.example,
      quantity: 90,
      from: '2026-11-30T23:59:30.000Z',
      to: '2026-12-01T00:00:30.000Z',
    };
    expect(usageOf(event(usageReported, data))).toMatchObject({
      meter: 'api_calls',
      quantity: 90n,
      occurredAt: '2026-11-30T23:59:30.000Z',
    });
  });

  it('takes storage from the measurement of the day, at the instant of the measurement', () => {
    const data = { bytes: 41_943_040, megabytes: 41, measured_at: '2026-11-30T23:59:30.000Z' };
    expect(usageOf(event(storageMeasured, data))).toMatchObject({
      meter: 'stored_mb',
      quantity: 41n,
      occurredAt: '2026-11-30T23:59:30.000Z',
    });
  });

  it('comes from no other event of the platform', () => {
    const used = EVENT_CONTRACTS.filter((contract) => usageOf(event(contract, contract.example)));
    expect(used.map(({ type }) => type).sort()).toEqual([
      'order.created',
      'quote.created',
      'usage.reported',
      'usage.storage_measured',
      'user.signed_in',
    ]);
  });
});

describe('a meter’s total', () => {
  const rows = fc.array(
    fc.record({ subject: fc.constantFrom('a', 'b', 'c', 'd'), quantity: fc.bigInt(-(2n ** 62n), 2n ** 62n) }),
    { maxLength: 30 },
  );

  it('is a sum, a distinct count or a maximum, in any order', () => {
    fc.assert(
      fc.property(rows, fc.integer(), (list, turn) => {
        const turned =
          list.length === 0 ? [] : [...list.slice(turn % list.length), ...list.slice(0, turn % list.length)];
        const reversed = [...turned].reverse();
        const reference = {
          sum: list.map(({ quantity }) => quantity).reduce((a, b) => a + b, 0n),
          distinct: BigInt([...new Set(list.map(({ subject }) => subject))].length),
          max: list.map(({ quantity }) => quantity).sort((a, b) => (a < b ? 1 : -1))[0] ?? 0n,
        };
        for (const how of ['sum', 'distinct', 'max'] as const) {
          expect(totalOf(how, list)).toBe(reference[how]);
          expect(totalOf(how, reversed)).toBe(reference[how]);
        }
      }),
      { numRuns: sampleSize(300, 3_000) },
    );
  });

  it('counts people once, adds calls, and takes the peak of what is stored', () => {
    expect(METERS).toMatchObject({
      active_users: { how: 'distinct' },
      api_calls: { how: 'sum' },
      stored_mb: { how: 'max' },
    });
    expect(totalOf('max', [])).toBe(0n);
  });
});
