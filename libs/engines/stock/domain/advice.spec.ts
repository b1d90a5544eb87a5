/** What is said about a product, at the borders. */
import { formatsFor, LANGUAGES } from '#modules/insights';
import { Decimal } from '#kernel';
import { stockInsightTexts } from '../texts.js';
import { advise, type Product } from './advice.js';
import type { Plan } from './plan.js';

const TODAY = 20_000;

/** One a day: minimum 7 + 1.4, maximum 14 + 1.4. */
const plan: Plan = {
  windowDays: 90,
  windowQuantity: Decimal.parse('90'),
  method: 'average',
  errorPercent: '20.00',
  naiveErrorPercent: '30.00',
  dailyDemand: Decimal.parse('1'),
  leadTimeDays: 7,
  safetyPercent: '20',
  minimum: Decimal.parse('8.4'),
  maximum: Decimal.parse('15.4'),
};

const product = (changes: Partial<Product>): Product => ({
  tenant: 't',
  id: 'p',
  code: 'CIM-50',
  name: 'Cimento',
  unit: 'H87',
  price: Decimal.parse('32.00'),
  currency: 'BRL',
  onHand: Decimal.parse('10'),
  reserved: Decimal.zero,
  lastCost: null,
  receipts: 3,
  firstDay: TODAY - 200,
  lastSoldDay: TODAY,
  ...changes,
});

const having = (onHand: string, changes: Partial<Product> = {}) =>
  advise(product({ onHand: Decimal.parse(onHand), ...changes }), plan, 'A', TODAY);
const kinds = (onHand: string, changes: Partial<Product> = {}) =>
  having(onHand, changes).map(({ kind, figures }) => [kind, figures['risk'] ?? null]);

describe('advice on a product that sells one a day', () => {
  it('speaks of rupture up to 14 days, of high risk up to 7', () => {
    expect(kinds('7')).toContainEqual(['rupture', 'high']);
    expect(kinds('7.1')).toContainEqual(['rupture', 'medium']);
    expect(kinds('14')).toContainEqual(['rupture', 'medium']);
    expect(kinds('14.1')).toEqual([]);
  });

  it('suggests buying only below the minimum, up to the maximum, in whole pieces', () => {
    expect(kinds('8.4').map(([kind]) => kind)).toEqual(['rupture']);
    const [, replenishment] = having('8');
    // 15.4 − 8 = 7.4 → 8 pieces; 0.4 of the minimum are missing at 32.00.
    expect(replenishment).toMatchObject({
      action: { type: 'create_purchase', quantity: '8' },
      worth: { minor: 1_280n },
    });
    expect(having('8', { unit: 'KGM' })[1]).toMatchObject({ action: { quantity: '7.4' } });
  });

  it('counts what is reserved as gone', () => {
    expect(having('20', { reserved: Decimal.parse('20') })[0]).toMatchObject({
      kind: 'rupture',
      figures: { days: '0', available: '0' },
    });
  });

  it('calls excess what is beyond the maximum, at the last cost or else the list price', () => {
    expect(kinds('16')).toEqual([]);
    expect(having('16.4')).toMatchObject([
      { kind: 'excess', worth: { minor: 3_200n }, figures: { excess: '1', cost_source: 'list_price' } },
    ]);
    expect(having('17.4', { lastCost: Decimal.parse('24.90') })).toMatchObject([
      { worth: { minor: 4_980n }, figures: { cost_source: 'last_receipt' } },
    ]);
  });

  it('calls idle what has not sold for sixty days, and then does not call it excess', () => {
    expect(kinds('90', { lastSoldDay: TODAY - 59 })).toEqual([['excess', null]]);
    expect(kinds('90', { lastSoldDay: TODAY - 60 })).toEqual([['idle', null]]);
    expect(kinds('0', { lastSoldDay: TODAY - 60 }).map(([kind]) => kind)).not.toContain('idle');
  });

  it('puts what sells most first', () => {
    const priorities = (['A', 'B', 'C'] as const).map(
      (abc) => advise(product({ onHand: Decimal.parse('1') }), plan, abc, TODAY)[0]!.priority,
    );
    expect(priorities).toEqual([100, 97, 94]);
  });

  it('is told in every language, with every figure filled in', () => {
    const said = [
      ...having('1'),
      ...having('90'),
      ...having('90', { lastSoldDay: TODAY - 60 }),
      ...having('90', { lastSoldDay: null, lastCost: Decimal.parse('9') }),
    ];
    for (const language of LANGUAGES) {
      for (const { kind, figures } of said) {
        const { title, why } = stockInsightTexts[`stock.${kind}`]![language](figures, formatsFor(language));
        expect(`${title} ${why}`).not.toMatch(/undefined|NaN|null|\s\s/);
      }
    }
    const [excess] = having('90');
    const { why } = stockInsightTexts['stock.excess']!['pt-BR'](excess!.figures, formatsFor('pt-BR'));
    expect(why.replaceAll('\u00a0', ' ')).toBe(
      'Há 90 un. disponíveis e vendeu 90 un. em 90 dias: dura 90 dias, com máximo de 15,4 un.; são R$ 2.368,00 parados pelo preço de tabela de R$ 32,00, sem custo registrado.',
    );
  });
});
