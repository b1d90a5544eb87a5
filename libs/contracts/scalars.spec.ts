import { currency } from './scalars.js';

describe('a currency', () => {
  it.each(['BRL', 'JPY', 'KWD', 'XOF'])('may be %s', (code) => expect(currency.parse(code)).toBe(code));

  it.each(['XYZ', 'XAU', 'XXX', 'brl', 'R$'])('may not be %s', (code) =>
    expect(currency.safeParse(code).success).toBe(false),
  );
});
