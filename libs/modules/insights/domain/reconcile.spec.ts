import fc from 'fast-check';
import { isUuid } from '#kernel';
import { id as idSchema } from '#contracts/scalars';
import { formatsFor } from './formats.js';
import { insightId } from './insight.js';
import { languageFor } from './insight-texts.js';
import { addDays, type StoredInsight, verdictOn } from './reconcile.js';

const TENANT = '01931b6e-3c00-7a00-8000-000000000009';
const SUBJECT = 'product/01931b6e-3c00-7a00-8000-000000000001';

describe('the name of an insight', () => {
  it('is a well-formed UUIDv7 that says what it is about and nothing about when it was computed', () => {
    const id = insightId(TENANT, 'stock', 'rupture', SUBJECT, 1);
    expect(isUuid(id) && idSchema.parse(id)).toBe(id);
    expect(id).toBe(insightId(TENANT, 'stock', 'rupture', SUBJECT, 1));
    expect(id.slice(0, 13)).toBe('01931b6e-3c00');
    expect(
      new Set([id, insightId(TENANT, 'stock', 'rupture', SUBJECT, 2), insightId(TENANT, 'stock', 'excess', SUBJECT, 1)])
        .size,
    ).toBe(3);
  });
});

const stored = fc.array(fc.constantFrom('done' as const, 'wrong' as const), { maxLength: 3 }).chain((finals) =>
  fc.record({
    finals: fc.constant(finals),
    last: fc.constantFrom(null, 'open' as const, 'not_now' as const, 'resolved' as const),
    measure: fc.integer({ min: 1, max: 9 }),
  }),
);

describe('the verdict', () => {
  it('depends on facts, day and answers, not on whether the current row is there, open or resolved', () => {
    fc.assert(
      fc.property(stored, fc.integer({ min: 1, max: 9 }), ({ finals, measure }, now) => {
        const answered = finals.map((state, index) => row(index + 1, state, measure));
        const wish = { basis: '1', measure: String(now), quietDays: 30 };
        const verdicts = ([null, 'open', 'resolved'] as const).map((state) => {
          const rows = state ? [...answered, row(finals.length + 1, state, 5)] : answered;
          return verdictOn(rows, wish, '2026-11-20').type === 'show';
        });
        expect(new Set(verdicts).size).toBe(1);
      }),
    );
  });

  it('counts days across months', () => {
    expect(addDays('2026-02-27', 2)).toBe('2026-03-01');
  });

  function row(episode: number, state: StoredInsight['state'], measure: number): StoredInsight {
    return { episode, state, basis: '1', measure: String(measure), answeredOn: '2026-11-19', snoozedUntil: null };
  }
});

describe('numbers in the reader’s language', () => {
  it('takes the first language it speaks, with or without the region', () => {
    expect(languageFor(['de', 'es-AR'])).toBe('es');
    expect(languageFor(['pt'])).toBe('pt-BR');
    expect(languageFor([])).toBe('pt-BR');
  });

  it('writes decimals exactly, far beyond what a float holds', () => {
    expect(formatsFor('en').number('9007199254740993.125')).toBe('9,007,199,254,740,993.125');
    expect(formatsFor('pt-BR').quantity('1234.5', 'MTK')).toBe('1.234,5 m²');
    expect(formatsFor('es').money('0.10', 'BRL').replaceAll('\u00a0', ' ')).toBe('0,10 BRL');
  });
});
