import { Decimal } from './decimal.js';
import { priceText } from './money.js';

it('shortens a printed price exactly as it would print the parsed one', () => {
  const texts = ['32.900000', '32', '0.123456', '900.000000', '7.5', '0.000000', '10.100000', '1000', '0.120000'];
  const currencies = ['BRL', 'JPY', 'KWD'];
  const cut = texts.flatMap((text) => currencies.map((currency) => priceText(text, currency)));
  const printed = texts.flatMap((text) => currencies.map((currency) => priceText(Decimal.parse(text), currency)));
  expect(cut).toEqual(printed);
  expect(cut.slice(0, 3)).toEqual(['32.90', '32.9', '32.900']);
});
