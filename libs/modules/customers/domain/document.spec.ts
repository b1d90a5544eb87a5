import { parseDocument } from './document.js';

describe('parseDocument', () => {
  it.each([
    ['person', '529.982.247-25', '52998224725'],
    ['person', '11144477735', '11144477735'],
    ['company', '11.222.333/0001-81', '11222333000181'],
    // The example of the Receita Federal's own note on the alphanumeric CNPJ.
    ['company', '12.ABC.345/01DE-35', '12ABC34501DE35'],
  ] as const)('accepts a %s’s %s', (kind, text, plain) => {
    expect(parseDocument(kind, text)).toBe(plain);
  });

  it.each([
    ['person', '529.982.247-26'],
    ['person', '111.111.111-11'],
    ['person', '11222333000181'],
    ['company', '11.222.333/0001-82'],
    ['company', '12.ABC.345/01DE-36'],
    ['company', '00000000000000'],
    ['company', ''],
  ] as const)('refuses a %s’s %s', (kind, text) => {
    expect(parseDocument(kind, text)).toBeUndefined();
  });
});
