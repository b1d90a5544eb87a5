import fc from 'fast-check';
import { classify } from './classes.js';

describe('ABC', () => {
  it('ranks by value: the first 80 % are A, the next 15 % B, the rest and the unsold C', () => {
    const classes = classify([
      { id: 'unsold', value: 0n },
      { id: 'fourth', value: 4n },
      { id: 'first', value: 60n },
      { id: 'second', value: 25n },
      { id: 'third', value: 11n },
    ]);
    // Before the second stand 60 %, before the third 85 %, before the fourth 96 %.
    expect([...classes].sort()).toEqual([
      ['first', 'A'],
      ['fourth', 'C'],
      ['second', 'A'],
      ['third', 'B'],
      ['unsold', 'C'],
    ]);
  });

  it('does not depend on the order, and never ranks the lesser value higher', () => {
    const products = fc.uniqueArray(fc.record({ id: fc.uuid(), value: fc.bigInt(0n, 10_000n) }), {
      selector: (p) => p.id,
      maxLength: 60,
    });
    fc.assert(
      fc.property(products, (list) => {
        const classes = classify(list);
        expect(classify([...list].reverse())).toEqual(classes);
        for (const one of list)
          for (const other of list)
            if (one.value > other.value) expect(classes.get(one.id)! <= classes.get(other.id)!).toBe(true);
      }),
    );
  });
});
