import fc from 'fast-check';
import { bandOf, MOST_SUGGESTIONS, type Partner, suggestionsFor } from './associations.js';

const partner = (changes: Partial<Partner>): Partner => ({
  id: 'b',
  together: 6,
  baskets: 10,
  isInStock: true,
  ...changes,
});

describe('what sells together', () => {
  it('needs three baskets, a fifth of the product’s own, and more than chance', () => {
    expect(suggestionsFor(10, 100, [partner({ together: 3 })])).toHaveLength(1);
    expect(suggestionsFor(10, 100, [partner({ together: 2 })])).toEqual([]);
    expect(suggestionsFor(15, 100, [partner({ together: 3 })])).toHaveLength(1);
    expect(suggestionsFor(16, 100, [partner({ together: 3 })])).toEqual([]);
    // Half of all baskets hold it anyway: five of ten is what chance gives.
    expect(suggestionsFor(10, 100, [partner({ together: 5, baskets: 50 })])).toEqual([]);
    expect(suggestionsFor(10, 100, [partner({ together: 6, baskets: 50 })])).toHaveLength(1);
  });

  it('names its bands at 20, 40 and 70 %', () => {
    expect([19, 20, 39, 40, 69, 70].map((together) => bandOf(together, 100))).toEqual([
      undefined,
      'possible',
      'possible',
      'good',
      'good',
      'strong',
    ]);
  });

  it('offers what is in stock first, then the likeliest, then the rarer', () => {
    const partners = [
      partner({ id: 'gone', together: 9, isInStock: false }),
      partner({ id: 'common', together: 5, baskets: 30 }),
      partner({ id: 'rare', together: 5, baskets: 8 }),
      partner({ id: 'likely', together: 7 }),
    ];
    expect(suggestionsFor(10, 100, partners).map((suggestion) => suggestion.partner.id)).toEqual([
      'likely',
      'rare',
      'common',
      'gone',
    ]);
  });

  it('gives at most five, whatever the order they come in', () => {
    const partners = fc.uniqueArray(
      fc.record({
        id: fc.uuid(),
        together: fc.nat(20),
        baskets: fc.integer({ min: 20, max: 60 }),
        isInStock: fc.boolean(),
      }),
      { selector: ({ id }) => id },
    );
    fc.assert(
      fc.property(partners, (list) => {
        const suggested = suggestionsFor(20, 200, list);
        expect(suggested.length).toBeLessThanOrEqual(MOST_SUGGESTIONS);
        expect(suggestionsFor(20, 200, [...list].reverse())).toEqual(suggested);
      }),
    );
  });
});
