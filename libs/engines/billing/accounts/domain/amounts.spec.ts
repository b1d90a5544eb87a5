import { amountAboveZero, amountOfText, priceMicroOf, priceTextOf } from './amounts.js';

describe('amounts as a person writes them', () => {
  it('count minor units of their currency', () => {
    expect(amountOfText('199.9', 'BRL')).toBe(19_990n);
    expect(amountOfText('1200', 'CLP')).toBe(1_200n);
    expect(amountOfText('1.234', 'KWD')).toBe(1_234n);
  });

  it('are refused rather than rounded', () => {
    expect(() => amountOfText('0.001', 'BRL')).toThrow(expect.objectContaining({ code: 'invalid_amount' }));
    expect(() => amountOfText('1.5', 'CLP')).toThrow(expect.objectContaining({ code: 'invalid_amount' }));
    expect(() => amountAboveZero('0.00', 'BRL')).toThrow(expect.objectContaining({ code: 'invalid_amount' }));
    expect(() => priceMicroOf('0.000000001', 'BRL')).toThrow(expect.objectContaining({ code: 'invalid_amount' }));
  });

  it('convert to prices in millionths of a minor unit and back', () => {
    expect(priceMicroOf('0.10', 'BRL')).toBe(10_000_000n);
    expect(priceMicroOf('0.00000001', 'BRL')).toBe(1n);
    for (const text of ['0.10', '0.00000001', '12.345'])
      expect(priceTextOf(priceMicroOf(text, 'BRL'), 'BRL')).toBe(text);
  });
});
