/** The texts of an invoice's lines, in the three languages. */
import { type Language, LANGUAGES } from './formats.js';
import { type DescribedLine, describeLine } from './invoice-text.js';

const phase = {
  plan: 'Standard',
  startsAt: new Date('2026-10-01T03:00:00.000Z'),
  endsAt: new Date('2026-10-13T03:00:00.000Z'),
  days: 12,
  daysOfPeriod: 31,
};
const overage: DescribedLine = {
  kind: 'overage',
  meter: 'orders',
  quantity: 312n,
  priceMicro: 10_000_000n,
  amount: 3_120n,
  freeUpTo: 1_200n,
};
const flat = (kind: DescribedLine['kind'], amount: bigint): DescribedLine => ({
  kind,
  quantity: 1n,
  priceMicro: amount * 1_000_000n,
  amount,
});

const say = (language: Language, line: DescribedLine) =>
  describeLine(line, { language, zone: 'America/Sao_Paulo', currency: 'BRL' }).replaceAll('\u00A0', ' ');
const inAll = (line: DescribedLine) => LANGUAGES.map((language) => say(language, line));

describe('a line', () => {
  it('of the base fee names plan, days, and the part of a period with several plans', () => {
    expect(inAll({ ...flat('base', 7_703n), phase })).toEqual([
      'Plano Standard, 01/10/2026 – 12/10/2026 (12/31 dias)',
      'Standard plan, Oct 1, 2026 – Oct 12, 2026 (12/31 days)',
      'Plan Standard, 01/10/2026 – 12/10/2026 (12/31 días)',
    ]);
    expect(say('en', { ...flat('base', 19_900n), phase: { ...phase, days: 31 } })).not.toContain('(');
  });

  it('of usage names the quantity, the free limit and the price', () => {
    expect(inAll(overage)).toEqual([
      '312 pedidos além de 1.200 a R$ 0,10',
      '312 orders beyond 1,200 at R$0.10',
      '312 pedidos por encima de 1200 a 0,10 BRL',
    ]);
    expect(say('en', { ...overage, quantity: 1n, meter: 'api_calls', freeUpTo: undefined, phase })).toBe(
      '1 API call at R$0.10 (Oct 1, 2026 – Oct 12, 2026)',
    );
  });

  it('of an adjustment names its direction', () => {
    expect(inAll({ ...overage, kind: 'adjustment', quantity: 12n })).toEqual([
      'Ajuste por uso informado com atraso: 12 pedidos a mais, a R$ 0,10',
      'Adjustment for usage reported late: 12 more orders at R$0.10',
      'Ajuste por uso informado con retraso: 12 pedidos más, a 0,10 BRL',
    ]);
    expect(inAll({ ...overage, kind: 'adjustment', quantity: -1n })).toEqual([
      'Ajuste por uso corrigido: 1 pedido a menos, a R$ 0,10',
      'Adjustment for corrected usage: 1 fewer order at R$0.10',
      'Ajuste por uso corregido: 1 pedido menos, a 0,10 BRL',
    ]);
  });

  it('that carries an amount names its direction, and one of an overpayment names it a credit', () => {
    expect(inAll(flat('carry', 12n))[1]).toBe('Amount carried over from earlier invoices');
    expect(inAll(flat('carry', -12n))[1]).toBe('Small amount, carried on to the next invoice');
    expect(inAll(flat('surplus', -12n))).toEqual([
      'Crédito de pagamento a maior',
      'Credit from an overpayment',
      'Crédito por pago en exceso',
    ]);
  });

  it('of a meter without a name shows its code', () => {
    expect(say('es', { ...overage, meter: 'drones' })).toMatch(/^312 drones /);
  });
});
