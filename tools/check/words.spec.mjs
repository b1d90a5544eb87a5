/** The check of retired words finds them inside names and comments, and leaves names alone that others rely on. */
import { retiredIn } from './words.mjs';

describe('the check of retired words', () => {
  it.each([
    ['// Nothing becomes of what is told.', 'told'],
    ['export class ToldPeriods {', 'told'],
    ['await tx.ride(statements);', 'ride'],
    ['const LANES = 2;', 'lanes'],
    ['where told_at is null and c.lane = 1', 'lane'],
  ])('finds the word in %s', (line, word) => {
    expect(retiredIn(line)).toEqual([expect.stringContaining(`«${word}» is retired; write `)]);
  });

  it.each([
    'select told_used from entitlement_untold',
    "code: 'idempotency_key_in_flight'",
    'a household of planes and overrides',
    '  telling: string;',
  ])('accepts %s', (line) => {
    expect(retiredIn(line)).toEqual([]);
  });
});
