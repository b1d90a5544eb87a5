import { formatsFor, LANGUAGES } from '#modules/insights';
import { salesInsightTexts } from '../texts.js';
import { adviseCompany, adviseCustomer, adviseQuote, type CustomerFacts, type QuoteFacts } from './advice.js';

const NOON = new Date('2026-11-20T12:00:00Z');
const inDays = (days: number) => new Date(NOON.getTime() + days * 86_400_000);

const customer: CustomerFacts = {
  tenant: 't',
  id: 'c',
  name: 'Construtora Horizonte',
  orders: 4,
  totalMinor: 100_000n,
  currency: 'BRL',
  firstSoldAt: inDays(-75),
  lastSoldAt: inDays(-45),
  factsAt: NOON,
};

const quote: QuoteFacts = {
  tenant: 't',
  id: 'q',
  number: 'COT-000001',
  customerId: 'c',
  customerName: 'Marina',
  state: 'sent',
  totalMinor: 98_000n,
  currency: 'BRL',
  validUntil: inDays(3),
  factsAt: NOON,
};

const company = {
  tenant: 't',
  id: 'a',
  code: 'A',
  name: 'Cimento',
  currency: 'BRL',
  baskets: 40,
  allBaskets: 200,
  factsAt: NOON,
  partners: [{ id: 'b', code: 'B', name: 'Areia', together: 20, baskets: 50, valueMinor: 500_000n, isInStock: true }],
};

describe('advice on sales', () => {
  it('values company at a tenth of the baskets that went without: 20 × 10 % × 100.00', () => {
    expect(adviseCompany(company)).toMatchObject({
      worth: { minor: 20_000n },
      figures: { suggestions: [{ confidence_percent: '50', support_percent: '10', lift: '2', band: 'good' }] },
    });
  });

  it('misses a customer after three of his intervals and thirty days, for a year, from the fourth order on', () => {
    expect(adviseCustomer(customer, NOON)).toMatchObject({
      worth: { minor: 25_000n },
      figures: { interval_days: '10', silent_days: 45 },
    });
    expect(adviseCustomer(customer, inDays(-16))).toBeNull();
    expect(adviseCustomer({ ...customer, firstSoldAt: inDays(-93) }, NOON)).toBeNull();
    expect(adviseCustomer({ ...customer, orders: 3 }, NOON)).toBeNull();
    expect(adviseCustomer(customer, inDays(321))).toBeNull();
  });

  it('reminds of a sent quote in its last three days, and not after', () => {
    expect(adviseQuote(quote, NOON)).toMatchObject({ worth: { minor: 98_000n }, figures: { days_left: 3 } });
    expect(adviseQuote(quote, inDays(-1))).toBeNull();
    expect(adviseQuote(quote, inDays(3.1))).toBeNull();
    expect(adviseQuote({ ...quote, state: 'accepted' }, NOON)).toBeNull();
  });

  it('is told in every language, with every figure filled in', () => {
    const said = [
      adviseCompany(company)!,
      adviseCustomer(customer, NOON)!,
      adviseQuote(quote, NOON)!,
      adviseQuote(quote, inDays(3))!,
    ];
    for (const language of LANGUAGES) {
      for (const { kind, figures } of said) {
        const { title, why } = salesInsightTexts[`sales.${kind}`]![language](figures, formatsFor(language));
        expect(`${title} ${why}`).not.toMatch(/undefined|NaN|null|\s\s/);
      }
    }
  });
});
