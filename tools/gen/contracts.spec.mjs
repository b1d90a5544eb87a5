import { assertConsistent } from './contracts.mjs';
import { doorsText } from './doors.mjs';

const room = (name, parts) => ({ name, events: [], operations: [], permissions: {}, tags: {}, ...parts });
const quotes = room('quotes', {
  events: [{ type: 'quote.sent', version: 1, aggregate: 'quote' }],
  operations: [{ id: 'sendQuote', access: 'quote.manage', tag: 'Quotes' }],
  permissions: { 'quote.manage': ['owner'] },
  tags: { Quotes: { order: 70, description: 'Offers' } },
});

describe('the contracts of all rooms', () => {
  it('are accepted when each name belongs to one room and each reference leads to one', () => {
    expect(() => assertConsistent([quotes, room('sales', { subscription: ['quote'] })])).not.toThrow();
  });

  it.each([
    ['an aggregate', { events: [{ type: 'quote.lost', version: 1, aggregate: 'quote' }] }, 'the aggregate quote is in'],
    [
      'an operation',
      { operations: [{ id: 'sendQuote', access: 'public', tag: 'Quotes' }] },
      'the operation sendQuote is in',
    ],
    ['a permission', { permissions: { 'quote.manage': ['seller'] } }, 'the permission quote.manage is in'],
    ['a tag', { tags: { Quotes: { order: 1, description: 'Others' } } }, 'the tag Quotes is in'],
  ])('are refused when two rooms have %s of one name', (_, parts, reason) => {
    expect(() => assertConsistent([quotes, room('offers', parts)])).toThrow(reason);
  });

  it.each([
    ['a permission', { operations: [{ id: 'lose', access: 'quote.lose', tag: 'Quotes' }] }, 'a permission of no room'],
    ['a tag', { operations: [{ id: 'lose', access: 'public', tag: 'Losses' }] }, 'a tag of no room'],
    ['an aggregate', { subscription: ['moon'] }, 'an aggregate of no room'],
  ])('are refused when a room names %s that no room has', (_, parts, reason) => {
    expect(() => assertConsistent([quotes, room('offers', parts)])).toThrow(reason);
  });
});

it('the doors of an app are imported from their rooms, passes one by one', () => {
  const doors = [
    { constant: 'CONSUMERS', specifier: '#engines/sales/worker', name: 'salesEngine' },
    { constant: 'PASSES', specifier: '#engines/billing/worker', name: 'BILLING_PASSES' },
  ];
  expect(doorsText(doors, ['CONSUMERS', 'PASSES'])).toBe(
    [
      "import type { EnginePass, EventConsumer } from '#platform/inbox';",
      "import { salesEngine } from '#engines/sales/worker';",
      "import { BILLING_PASSES } from '#engines/billing/worker';",
      '',
      'export const CONSUMERS: readonly EventConsumer[] = [salesEngine];',
      '',
      'export const PASSES: readonly EnginePass[] = [...BILLING_PASSES];',
      '',
    ].join('\n'),
  );
});
