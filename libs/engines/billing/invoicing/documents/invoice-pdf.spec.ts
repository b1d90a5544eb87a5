/** The printed invoice, read back from its content streams: the texts, their positions and pages, and identical bytes. */
import { inflateSync } from 'node:zlib';
import { LANGUAGES } from './formats.js';
import type { InvoiceDocument } from './invoice-document.js';
import { renderInvoicePdf } from './invoice-pdf.js';
import type { DescribedLine } from './invoice-text.js';
import { clipped, latin } from './latin-text.js';

const PHASE = {
  plan: 'Standard',
  startsAt: new Date('2026-10-01T03:00:00.000Z'),
  endsAt: new Date('2026-11-01T03:00:00.000Z'),
  days: 31,
  daysOfPeriod: 31,
};
const BASE: DescribedLine = { kind: 'base', quantity: 1n, priceMicro: 19_900_000_000n, amount: 19_900n, phase: PHASE };
const OVERAGE: DescribedLine = {
  kind: 'overage',
  meter: 'orders',
  quantity: 312n,
  priceMicro: 10_000_000n,
  amount: 3_120n,
  freeUpTo: 1_200n,
};

const invoice: InvoiceDocument = {
  language: 'pt-BR',
  zone: 'America/Sao_Paulo',
  currency: 'BRL',
  seller: {
    name: 'Operadora de Lojas S.A.',
    details: ['Rua do Comércio, 100', 'São Paulo – SP', 'CNPJ 12.345.678/0001-95'],
  },
  buyer: { name: 'Casa & Obra Ltda.', details: ['dona@loja.example'] },
  number: 1_042n,
  revision: 0,
  issuedAt: new Date('2026-11-02T02:30:00.000Z'),
  dueAt: new Date('2026-11-09T03:00:00.000Z'),
  period: PHASE,
  status: 'issued',
  lines: [BASE],
  total: 19_900n,
  paid: 0n,
  credited: 0n,
  owed: 19_900n,
  notes: [],
};

const print = (more: Partial<InvoiceDocument> = {}) => renderInvoicePdf({ ...invoice, ...more });
const linesOf = (count: number): DescribedLine[] => [
  BASE,
  ...Array.from({ length: count - 1 }, (_, place) => ({ ...OVERAGE, quantity: BigInt(place + 1_001) })),
];

interface Word {
  readonly x: number;
  /** Measured from the top of the page. */
  readonly y: number;
  readonly size: number;
  readonly text: string;
}

/** The texts of every page, as the content streams set them. */
function pagesOf(pdf: Buffer): Word[][] {
  const raw = pdf.toString('latin1');
  const kids = [...raw.matchAll(/\/Type \/Page\n[^]*?\/Contents (\d+) 0 R/g), ...raw.matchAll(/\/Contents (\d+) 0 R/g)];
  const contents = [...new Set(kids.map(([, id]) => id!))];
  return contents.map((id) => wordsOf(streamOf(pdf, raw, id)));
}

function streamOf(pdf: Buffer, raw: string, id: string): string {
  const object = raw.search(new RegExp(`^${id} 0 obj`, 'm'));
  const from = raw.indexOf('stream\n', object) + 'stream\n'.length;
  return inflateSync(pdf.subarray(from, raw.indexOf('\nendstream', from))).toString('latin1');
}

/** The characters of Windows-1252 outside Latin-1 that are used here. Node's own decoder treats it as Latin-1. */
const EXTRA: Readonly<Record<string, string>> = {
  '\u0085': '…',
  '\u0093': '“',
  '\u0094': '”',
  '\u0096': '–',
  '\u0097': '—',
};
const decoded = (bytes: Buffer) => bytes.toString('latin1').replaceAll(/[\u0080-\u009F]/g, (one) => EXTRA[one] ?? '?');

function wordsOf(content: string): Word[] {
  const set = /1 0 0 1 ([\d.-]+) ([\d.-]+) Tm\n(?:[^\n]*\n)*?\/F\d+ ([\d.]+) Tf\n(?:[^\n]*\n)*?\[(.*)\] TJ/g;
  return [...content.matchAll(set)].map(([, x, y, size, shown]) => {
    const hex = [...shown!.matchAll(/<([0-9a-f]*)>/g)].map(([, part]) => part).join('');
    return {
      x: Number(x),
      y: 841.89 - Number(y),
      size: Number(size),
      text: decoded(Buffer.from(hex, 'hex')).replaceAll('\u00A0', ' '),
    };
  });
}

const textsOf = (pages: readonly Word[][]) => pages.flat().map(({ text }) => text);

describe('an invoice as PDF', () => {
  it('names debtor, creditor, amount and period, by the tenant’s calendar', async () => {
    const pages = pagesOf(await print({ notes: ['Pague por Pix ou cartão.'] }));
    expect(pages).toHaveLength(1);
    expect(textsOf(pages)).toEqual([
      'Fatura nº 1042',
      'Em aberto',
      'De',
      'Operadora de Lojas S.A.',
      'Rua do Comércio, 100',
      'São Paulo – SP',
      'CNPJ 12.345.678/0001-95',
      'Para',
      'Casa & Obra Ltda.',
      'dona@loja.example',
      'Emissão',
      '1 de novembro de 2026',
      'Vencimento',
      '9 de novembro de 2026',
      'Período',
      '01/10/2026 – 31/10/2026',
      'Descrição',
      'Quantidade',
      'Preço',
      'Valor',
      'Plano Standard, 01/10/2026 – 31/10/2026',
      '1',
      'R$ 199,00',
      'R$ 199,00',
      'Total',
      'R$ 199,00',
      'A pagar',
      'R$ 199,00',
      'Observações',
      'Pague por Pix ou cartão.',
      'Datas no fuso America/Sao_Paulo',
      'Operadora de Lojas S.A.',
      'Página 1 de 1',
    ]);
  });

  it('shows payments and credits, and the balance after them', async () => {
    const shown = async (more: Partial<InvoiceDocument>) =>
      textsOf(pagesOf(await print({ language: 'en', ...more }))).join('|');
    expect(await shown({ paid: 10_000n, credited: 900n, owed: 9_000n })).toContain(
      'Total|R$199.00|Paid|-R$100.00|Credited|-R$9.00|Amount due|R$90.00',
    );
    expect(await shown({ paid: 20_000n, owed: -100n })).toContain('Overpaid|R$1.00');
  });

  it.each(LANGUAGES)('in %s uses that language and leaves no placeholder', async (language) => {
    const lines: DescribedLine[] = [
      BASE,
      OVERAGE,
      { ...OVERAGE, kind: 'adjustment', quantity: -3n, amount: -30n },
      { kind: 'carry', quantity: 1n, priceMicro: 0n, amount: 12n },
      { kind: 'surplus', quantity: 1n, priceMicro: 0n, amount: -12n },
    ];
    const all = textsOf(pagesOf(await print({ language, lines, revision: 2, notes: ['—'] }))).join('\n');
    expect(all).not.toMatch(/undefined|null|NaN|Invalid|\[object|\?/);
    const due = { 'pt-BR': 'Vencimento', en: 'Due', es: 'Vencimiento' };
    expect(all.split('\n').filter((text) => Object.values(due).includes(text))).toEqual([due[language]]);
  });

  it('has identical bytes for the same invoice, and other bytes for another', async () => {
    const [one, again, other] = await Promise.all([print(), print(), print({ number: 1_043n })]);
    expect(one.equals(again)).toBe(true);
    expect(one.equals(other)).toBe(false);
    expect(one.toString('latin1')).toContain('(D:20261102023000Z)');
  });

  it('of 200 lines continues over pages, each with the invoice’s number, the table’s head and a page number', async () => {
    const lines = linesOf(200);
    const pages = pagesOf(await print({ lines }));
    expect(pages.length).toBeGreaterThan(4);
    pages.forEach((page, index) => {
      const texts = page.map(({ text }) => text);
      expect(texts[0]).toBe(index === 0 ? 'Fatura nº 1042' : 'Fatura nº 1042 (continuação)');
      expect(texts).toContain('Descrição');
      expect(texts.at(-1)).toBe(`Página ${index + 1} de ${pages.length}`);
    });
    const described = textsOf(pages).filter((text) => /pedidos além de 1\.200 a R\$ 0,10/.test(text));
    expect(described).toEqual(
      lines
        .slice(1)
        .map(({ quantity }) => `${Intl.NumberFormat('pt-BR').format(quantity)} pedidos além de 1.200 a R$ 0,10`),
    );
  });

  it('at a page’s end sets no text over the edge or over other text, and adds no empty page', async () => {
    // The number of lines moves rows, sums and notes in turn over the first page's end.
    for (let count = 18; count <= 34; count++) {
      const pages = pagesOf(await print({ lines: linesOf(count), notes: ['Uma nota.', 'Outra.'] }));
      for (const page of pages) {
        for (const { x, y } of page) {
          expect(x).toBeGreaterThanOrEqual(50);
          expect(y).toBeGreaterThanOrEqual(50);
          expect(y).toBeLessThanOrEqual(841.89 - 50);
        }
        const footer = page.at(-1)!.y;
        const places = page.slice(0, -2).map(({ x, y }) => `${x.toFixed(1)}/${y.toFixed(1)}`);
        expect(new Set(places).size).toBe(places.length);
        expect(Math.max(...page.slice(0, -2).map(({ y }) => y))).toBeLessThan(footer - 8);
        expect(page.length).toBeGreaterThan(3);
      }
    }
  });

  it('wraps a long name and cuts it after two lines', async () => {
    const name = 'Comércio de Materiais de Construção e Acabamentos Irmãos Albuquerque de Vasconcelos '.repeat(4);
    const [page] = pagesOf(await print({ buyer: { name, details: ['x'.repeat(300)] } }));
    const shown = page!.filter(({ text }) => /Comércio de|…$/.test(text)).map(({ text }) => text);
    expect(shown).toHaveLength(3);
    expect(shown[0]).toMatch(/^Comércio de Materiais/);
    expect(shown[1]).toMatch(/…$/);
    expect(shown[2]).toMatch(/^x+…$/);
  });

  it('never cuts an amount, however large', async () => {
    const amount = 2n ** 62n;
    const line = { ...OVERAGE, quantity: 10n ** 18n, priceMicro: amount, amount };
    const texts = textsOf(pagesOf(await print({ lines: [line], total: amount, owed: amount })));
    expect(texts.filter((text) => text === 'R$ 46.116.860.184.273.879,04')).toHaveLength(3);
    expect(texts).toContain('1.000.000.000.000.000.000');
    expect(texts).toContain('R$ 46.116.860.184,27387904');
  });
});

describe('Latin text', () => {
  it('keeps the characters that the fonts have, and replaces the others', () => {
    expect(latin('São Paulo – “Ação” 5 € …')).toBe('São Paulo – “Ação” 5 € …');
    expect(latin('Őrség\tŁódź 東京\u202F1\u200B')).toBe('Orség ?ódz ?? 1?');
  });

  const measure = { widthOfString: (text: string) => text.length };

  it('breaks at spaces, and inside a word that is wider than a line', () => {
    expect(clipped(measure, 'one two three', 7, 9)).toEqual(['one two', 'three']);
    expect(clipped(measure, 'abcdefghij k', 4, 9)).toEqual(['abcd', 'efgh', 'ij k']);
    expect(clipped(measure, 'one two three four', 7, 2)).toEqual(['one two', 'three…']);
    expect(clipped(measure, '', 7, 2)).toEqual(['']);
  });
});
