/** An explanation as the operator's command prints it: one text line per step of the calculation, then the events. */
import { Decimal, minorDigits } from '#kernel';
import { MICRO } from '../../plans/index.js';
import { isRefusable } from '../../usage/index.js';
import type { InvoiceExplanation, LineExplanation, UsageExplanation } from './explain.js';
import { type Formats, formatsFor } from './formats.js';

export interface ExplanationContext {
  readonly currency: string;
  readonly zone: string;
  /** The largest number of events printed per line; the others are counted. */
  readonly events: number;
}

const COUNTED = { sum: 'summed', distinct: 'different subjects counted', max: 'the largest taken' } as const;
const MICRO_DIGITS = MICRO.toString().length - 1;

export function explanationText(
  { lines, total, isReproduced }: InvoiceExplanation,
  context: ExplanationContext,
): string[] {
  const formats = formatsFor('en');
  return [
    ...lines.flatMap((line) => [...lineText(line, formats, context), '']),
    `total ${formats.money(total, context.currency)}; ${isReproduced ? 'every line follows from what is recorded' : 'NOT every line follows from what is recorded'}`,
  ].map((line) => line.replaceAll('\u00A0', ' '));
}

function lineText(explained: LineExplanation, formats: Formats, context: ExplanationContext): string[] {
  const { line, phase, usage, expected, isReproduced } = explained;
  const { currency, zone } = context;
  const money = (minor: bigint) => formats.money(minor, currency);
  const what = [line.kind, line.meter].filter((part) => part !== null).join(' ');
  const span = phase
    ? `, phase ${phase.index}: ${phase.startsAt.toISOString()} to ${phase.endsAt.toISOString()} (${zone}), ${phase.days} of ${phase.daysOfPeriod} days`
    : '';
  return [
    `${line.lineNo}. ${what}${span}: ${money(line.amount)}`,
    ...(line.kind === 'base' && phase ? [baseText(explained, money)] : []),
    ...(usage ? usageText(usage, formats, context) : []),
    ...(isReproduced ? [] : [`   DIFFERS: made again it is ${expected === null ? 'unknown' : money(expected)}`]),
  ];
}

function baseText({ line, phase, expected }: LineExplanation, money: (minor: bigint) => string): string {
  const { days, daysOfPeriod, plan } = phase!;
  if (line.amount === 0n && expected !== 0n) return '   nothing: the period was suspended as a whole';
  return `   ${money(plan.baseMinor)} × ${days} / ${daysOfPeriod}, parts rounded so that they sum exactly`;
}

function usageText(usage: UsageExplanation, formats: Formats, context: ExplanationContext): string[] {
  const { currency } = context;
  const { events, billedBefore } = usage;
  const free = usage.billableFrom === 'soft' ? usage.soft : usage.included;
  const shown = events.slice(0, context.events);
  const left = events.length - shown.length;
  const exact = (micro: bigint) =>
    `${Decimal.of(micro, minorDigits(currency) + MICRO_DIGITS).toText(minorDigits(currency))} ${currency}`;
  return [
    `   used ${formats.number(usage.used)} (${formats.number(BigInt(events.length))} events, ${COUNTED[usage.counting]})`,
    `   included ${formats.number(usage.included)}, free up to ${formats.number(free)}, ${isRefusable(usage.meter) ? 'refused' : 'not billed'} beyond ${formats.number(usage.hard)}`,
    `   billable ${formats.number(usage.billable)} × ${formats.price(usage.priceMicro, currency)} = ${exact(usage.exactMicro)}, rounding ${exact(usage.roundingMicro)}: ${formats.money(usage.worth, currency)}`,
    ...(billedBefore.quantity === 0n && billedBefore.amount === 0n
      ? []
      : [
          `   less billed before: ${formats.number(billedBefore.quantity)} for ${formats.money(billedBefore.amount, currency)}`,
        ]),
    ...shown.map(
      ({ id, occurredAt, receivedAt, subject, quantity }) =>
        `   ${occurredAt.toISOString()}  ${id}  ${quantity}  ${subject}  received ${receivedAt.toISOString()}`,
    ),
    ...(left > 0 ? [`   and ${formats.number(BigInt(left))} more`] : []),
    ...(usage.cameLater > 0 ? [`   ${usage.cameLater} more came after this invoice was made`] : []),
  ];
}
