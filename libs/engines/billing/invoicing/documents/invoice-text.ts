/**
 * The text of an invoice's line, in the tenant's language. The text is made from the facts of the line; only the last day
 * of a span is computed here.
 */
import type { MeterName } from '#contracts/meters';
import { type Formats, formatsFor, type Language } from './formats.js';

export interface LinePhase {
  /** The operator's name for the plan. */
  readonly plan: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
  readonly days: number;
  readonly daysOfPeriod: number;
}

export interface DescribedLine {
  readonly kind: 'base' | 'overage' | 'adjustment' | 'carry' | 'surplus';
  readonly meter?: string | undefined;
  readonly quantity: bigint;
  readonly priceMicro: bigint;
  readonly amount: bigint;
  /** For a base fee, and for usage in a period with more than one phase. */
  readonly phase?: LinePhase | undefined;
  /** For usage: the limit up to which it was free. */
  readonly freeUpTo?: bigint | undefined;
}

export interface LineContext {
  readonly language: Language;
  readonly zone: string;
  readonly currency: string;
}

/** The values that the sentences need, already formatted as text. */
interface Words {
  readonly plan: string;
  /** First and last day. */
  readonly span: string;
  /** `12/30`, if the phase is a part of its period. */
  readonly part: string | null;
  readonly quantity: string;
  readonly what: string;
  readonly freeUpTo: string | null;
  readonly price: string;
  readonly isNegative: boolean;
}

type Kind = DescribedLine['kind'];

export function describeLine(line: DescribedLine, { language, zone, currency }: LineContext): string {
  const formats = formatsFor(language);
  const units = line.quantity < 0n ? -line.quantity : line.quantity;
  return SENTENCES[language][line.kind]({
    plan: line.phase?.plan ?? '',
    span: line.phase ? spanText(formats, line.phase, zone) : '',
    part:
      line.phase && line.phase.days < line.phase.daysOfPeriod ? `${line.phase.days}/${line.phase.daysOfPeriod}` : null,
    quantity: formats.number(units),
    what: meterText(line.meter, units, language),
    freeUpTo: line.freeUpTo === undefined ? null : formats.number(line.freeUpTo),
    price: formats.price(line.priceMicro, currency),
    isNegative: line.quantity < 0n || (line.kind === 'carry' && line.amount < 0n),
  });
}

/** First and last day of `[startsAt, endsAt)`, kept together on one line. */
export function spanText(formats: Formats, { startsAt, endsAt }: Pick<LinePhase, 'startsAt' | 'endsAt'>, zone: string) {
  const last = new Date(endsAt.getTime() - 1);
  return `${formats.shortDay(startsAt, zone)} – ${formats.shortDay(last, zone)}`.replaceAll(' ', '\u00A0');
}

export function meterText(meter: string | undefined, units: bigint, language: Language): string {
  const names = METER_NAMES[meter as MeterName] as (typeof METER_NAMES)[MeterName] | undefined;
  // A meter of a later release still needs a line: its code is better than an empty text.
  if (!names) return meter ?? '';
  return names[language][units === 1n ? 0 : 1];
}

/** Singular and plural. */
const METER_NAMES: Readonly<Record<MeterName, Readonly<Record<Language, readonly [string, string]>>>> = {
  orders: { 'pt-BR': ['pedido', 'pedidos'], en: ['order', 'orders'], es: ['pedido', 'pedidos'] },
  quotes: { 'pt-BR': ['orçamento', 'orçamentos'], en: ['quote', 'quotes'], es: ['presupuesto', 'presupuestos'] },
  active_users: {
    'pt-BR': ['usuário ativo', 'usuários ativos'],
    en: ['active user', 'active users'],
    es: ['usuario activo', 'usuarios activos'],
  },
  api_calls: {
    'pt-BR': ['chamada de API', 'chamadas de API'],
    en: ['API call', 'API calls'],
    es: ['llamada a la API', 'llamadas a la API'],
  },
  stored_mb: {
    'pt-BR': ['MB armazenado', 'MB armazenados'],
    en: ['MB stored', 'MB stored'],
    es: ['MB almacenado', 'MB almacenados'],
  },
};

const inPhase = ({ span }: Words) => (span === '' ? '' : ` (${span})`);

const SENTENCES: Readonly<Record<Language, Readonly<Record<Kind, (words: Words) => string>>>> = {
  'pt-BR': {
    base: ({ plan, span, part }) => `Plano ${plan}, ${span}${part === null ? '' : ` (${part}\u00A0dias)`}`,
    overage: (w) =>
      `${w.quantity} ${w.what}${w.freeUpTo === null ? '' : ` além de ${w.freeUpTo}`} a ${w.price}${inPhase(w)}`,
    adjustment: (w) =>
      `Ajuste por uso ${w.isNegative ? 'corrigido' : 'informado com atraso'}: ${w.quantity} ${w.what} ${w.isNegative ? 'a menos' : 'a mais'}, a ${w.price}${inPhase(w)}`,
    carry: ({ isNegative }) =>
      isNegative ? 'Valor pequeno, passa para a próxima fatura' : 'Valor trazido de faturas anteriores',
    surplus: () => 'Crédito de pagamento a maior',
  },
  en: {
    base: ({ plan, span, part }) => `${plan} plan, ${span}${part === null ? '' : ` (${part}\u00A0days)`}`,
    overage: (w) =>
      `${w.quantity} ${w.what}${w.freeUpTo === null ? '' : ` beyond ${w.freeUpTo}`} at ${w.price}${inPhase(w)}`,
    adjustment: (w) =>
      `Adjustment for ${w.isNegative ? 'corrected usage' : 'usage reported late'}: ${w.quantity} ${w.isNegative ? 'fewer' : 'more'} ${w.what} at ${w.price}${inPhase(w)}`,
    carry: ({ isNegative }) =>
      isNegative ? 'Small amount, carried on to the next invoice' : 'Amount carried over from earlier invoices',
    surplus: () => 'Credit from an overpayment',
  },
  es: {
    base: ({ plan, span, part }) => `Plan ${plan}, ${span}${part === null ? '' : ` (${part}\u00A0días)`}`,
    overage: (w) =>
      `${w.quantity} ${w.what}${w.freeUpTo === null ? '' : ` por encima de ${w.freeUpTo}`} a ${w.price}${inPhase(w)}`,
    adjustment: (w) =>
      `Ajuste por uso ${w.isNegative ? 'corregido' : 'informado con retraso'}: ${w.quantity} ${w.what} ${w.isNegative ? 'menos' : 'más'}, a ${w.price}${inPhase(w)}`,
    carry: ({ isNegative }) =>
      isNegative ? 'Importe pequeño, pasa a la próxima factura' : 'Importe trasladado de facturas anteriores',
    surplus: () => 'Crédito por pago en exceso',
  },
};
