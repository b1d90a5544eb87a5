/** Every notice in every language names all debts, and contains no unfilled placeholder. */
import fc from 'fast-check';
import { NOTICE_STEPS, type NoticeStep } from '../../access/domain/dunning.js';
import { formatsFor, type Language, languageFor, LANGUAGES } from '../../invoicing/documents/formats.js';
import { type NoticeFacts, renderNotice } from './notice.js';

const facts: NoticeFacts = {
  step: 'opened',
  language: 'pt-BR',
  name: 'Casa & Obra Ltda.',
  zone: 'America/Sao_Paulo',
  invoices: [
    { number: 1_042n, dueAt: new Date('2026-11-06T02:30:00.000Z'), owed: 19_900n, currency: 'BRL' },
    { number: 1_077n, dueAt: new Date('2026-11-20T15:00:00.000Z'), owed: 1_234_567n, currency: 'BRL' },
  ],
  limitedAt: new Date('2026-11-28T12:39:00.000Z'),
  wasSuspended: false,
  storeUrl: 'https://casa-e-obra.example.com',
  asOf: new Date('2026-11-21T12:39:00.000Z'),
};

const everyNotice = NOTICE_STEPS.flatMap((step) => LANGUAGES.map((language) => [step, language] as const));
const render = (more: Partial<NoticeFacts>) => renderNotice({ ...facts, ...more });
/** No-break spaces matter only for display. */
const read = (text: string) => text.replaceAll('\u00A0', ' ');

/** Texts that only a defect of ours puts into a notice. */
const LEFT_OPEN = /undefined|null|NaN|Invalid|\[object|\$\{|\{\{|%s|function|=>/;

describe('a notice', () => {
  it.each(everyNotice)('%s in %s has a subject and a text without an unfilled placeholder', (step, language) => {
    for (const storeUrl of [facts.storeUrl, null]) {
      for (const limitedAt of [facts.limitedAt, null]) {
        for (const wasSuspended of [true, false]) {
          const { subject, text } = render({ step, language, storeUrl, limitedAt, wasSuspended });
          expect(`${subject}\n${text}`).not.toMatch(LEFT_OPEN);
          expect(subject).toMatch(/^\S.{8,90}\S$/);
          expect(text).toContain('Casa & Obra Ltda.');
          expect(text).not.toMatch(/ {2,}\S.* {2,}|\n{3,}|[ \t]\n/);
        }
      }
    }
  });

  it.each(everyNotice.filter(([step]) => step !== 'restored'))(
    '%s in %s names every amount and invoice',
    (step, language) => {
      fc.assert(
        fc.property(
          fc.array(fc.record({ number: fc.bigInt(1n, 10n ** 12n), owed: fc.bigInt(1n, 2n ** 62n) }), {
            minLength: 1,
            maxLength: 5,
          }),
          fc.constantFrom('BRL', 'USD', 'CLP', 'KWD', 'ISK'),
          (owed, currency) => {
            const invoices = owed.map((one) => ({ ...one, currency, dueAt: facts.asOf }));
            const { subject, text } = render({ step, language, invoices });
            const money = (amount: bigint) => formatsFor(language).money(amount, currency);
            for (const { number, owed: amount } of invoices)
              expect(text).toMatch(new RegExp(` ${number},.*: ${escaped(money(amount))}$`, 'm'));
            const total = money(owed.reduce((sum, one) => sum + one.owed, 0n));
            expect(subject).toContain(total);
            expect(text).toMatch(new RegExp(`: ${escaped(total)}$`, 'm'));
          },
        ),
        { numRuns: 50 },
      );
    },
  );

  it.each(LANGUAGES)('in %s has another text at every step', (language) => {
    const rendered = NOTICE_STEPS.map((step) => render({ step, language }));
    expect(new Set(rendered.map(({ subject }) => subject)).size).toBe(NOTICE_STEPS.length);
    expect(new Set(rendered.map(({ text }) => text)).size).toBe(NOTICE_STEPS.length);
  });

  it('states when access is limited, in the store’s local time and with its zone', () => {
    const limited = (language: Language, zone = facts.zone) => read(render({ language, zone }).text);
    expect(limited('pt-BR')).toContain('até 28 de novembro de 2026 às 09:39 (Horário Padrão de Brasília), o acesso');
    expect(limited('en', 'America/New_York')).toContain(
      'by November 28, 2026 at 7:39 AM (Eastern Standard Time), access',
    );
    expect(limited('es', 'Europe/Madrid')).toMatch(
      /28 de noviembre de 2026,? (a las )?13:39 \(hora estándar de Europa central\)/,
    );
  });

  it('gives the due date in the store’s calendar', () => {
    expect(render({}).text).toContain('Fatura nº 1042, vencida em 5 de novembro de 2026');
    expect(render({ zone: 'UTC' }).text).toContain('Fatura nº 1042, vencida em 6 de novembro de 2026');
  });

  it('that is sent after the deadline does not announce a past moment', () => {
    const steps: NoticeStep[] = ['opened', 'reminder_48h', 'reminder_96h', 'final_warning'];
    for (const step of steps) {
      const { text } = render({ step, asOf: facts.limitedAt! });
      expect(text).toContain('a qualquer momento');
      expect(text).not.toContain('28 de novembro');
    }
  });

  it('before access is limited states what stays possible, and how to pay', () => {
    for (const language of LANGUAGES) {
      const { text } = render({ language });
      expect(text).toMatch(/exportar|export/);
      expect(text).toContain('https://casa-e-obra.example.com');
    }
  });

  it('adds up each currency separately', () => {
    const invoices = [...facts.invoices, { ...facts.invoices[0]!, number: 9n, owed: 500n, currency: 'USD' }];
    expect(read(render({ invoices }).subject)).toBe('Pagamento em aberto: R$ 12.544,67 + US$ 5,00');
  });

  it('of restored access requests no action', () => {
    const { text } = render({ step: 'restored', invoices: [], wasSuspended: true });
    expect(text).not.toMatch(/R\$|fatura|pagar/i);
    expect(text).toContain('completo de novo');
  });
});

describe('formats', () => {
  it('write amounts with the digits of their currency', () => {
    const money = (minor: bigint, currency: string) => read(formatsFor('en').money(minor, currency));
    expect(money(123_456n, 'USD')).toBe('$1,234.56');
    expect(money(123_456n, 'CLP')).toBe('CLP 123,456');
    expect(money(123_456n, 'KWD')).toBe('KWD 123.456');
    expect(money(123_456n, 'ISK')).toBe('ISK 123,456');
    expect(money(-5n, 'USD')).toBe('-$0.05');
    expect(money(9_007_199_254_740_993n, 'USD')).toBe('$90,071,992,547,409.93');
  });

  it('write a price with all of its decimals', () => {
    const price = (micro: bigint, currency = 'BRL') => read(formatsFor('pt-BR').price(micro, currency));
    expect([price(10_000_000n), price(12_345_678n), price(1n), price(500_000n, 'CLP')]).toEqual([
      'R$ 0,10',
      'R$ 0,12345678',
      'R$ 0,00000001',
      'CLP 0,5',
    ]);
  });

  it.each([
    ['pt-PT', 'pt-BR'],
    ['en_GB', 'en'],
    ['es-419', 'es'],
    ['de-DE', 'pt-BR'],
  ])('speak %s as %s', (locale, language) => {
    expect(languageFor(locale)).toBe(language);
  });
});

function escaped(text: string): string {
  return text.replaceAll(/[$.*+?^()|[\]{}\\]/g, '\\$&');
}
