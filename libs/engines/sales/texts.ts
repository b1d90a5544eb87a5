/** The sales engine's sentences. Figures come from `domain/advice.ts`; nothing is computed here. */
import type { Figures, Formats, InsightTexts } from '#modules/insights';

interface Shown {
  readonly name: string;
  readonly together: string;
  readonly confidence: string;
  readonly lift: string;
}

function suggestions(figures: Figures, formats: Formats): [best: Shown, names: string] {
  const list = figures['suggestions'] as readonly Record<string, unknown>[];
  const [best] = list;
  const shown = {
    name: formats.text(best?.['name']),
    together: formats.number(best?.['together']),
    confidence: formats.percent(best?.['confidence_percent']),
    lift: formats.number(best?.['lift'], 1),
  };
  return [shown, formats.list(list.map((suggestion) => formats.text(suggestion['name'])))];
}

export const salesInsightTexts: InsightTexts = {
  'sales.bought_together': {
    'pt-BR': (f, n) => {
      const [best, names] = suggestions(f, n);
      return {
        title: `Com ${n.text(f['name'])}, ofereça ${names}`,
        why: `Em ${n.number(f['window_days'])} dias, ${best.together} de ${n.number(f['baskets'])} vendas de ${n.text(f['name'])} levaram também ${best.name} (${best.confidence}), ${best.lift} vezes o que o acaso daria; o valor supõe que ${n.percent(f['taken_percent'])} das outras aceitem.`,
      };
    },
    en: (f, n) => {
      const [best, names] = suggestions(f, n);
      return {
        title: `With ${n.text(f['name'])}, offer ${names}`,
        why: `In ${n.number(f['window_days'])} days, ${best.together} of ${n.number(f['baskets'])} sales of ${n.text(f['name'])} took ${best.name} along (${best.confidence}), ${best.lift} times what chance would give; the worth assumes that ${n.percent(f['taken_percent'])} of the others accept.`,
      };
    },
    es: (f, n) => {
      const [best, names] = suggestions(f, n);
      return {
        title: `Con ${n.text(f['name'])}, ofrezca ${names}`,
        why: `En ${n.number(f['window_days'])} días, ${best.together} de ${n.number(f['baskets'])} ventas de ${n.text(f['name'])} llevaron también ${best.name} (${best.confidence}), ${best.lift} veces lo que daría el azar; el valor supone que ${n.percent(f['taken_percent'])} de las otras acepten.`,
      };
    },
  },
  'sales.stopped_buying': {
    'pt-BR': (f, n) => ({
      title: `${n.text(f['name'])} parou de comprar`,
      why: `Comprava a cada ${n.number(f['interval_days'])} dias (${n.number(f['orders'])} pedidos) e está há ${n.number(f['silent_days'])} dias sem comprar, desde ${n.date(f['last_sold_on'])}; um pedido médio vale ${n.money(f['usual_order'], f['currency'])}.`,
    }),
    en: (f, n) => ({
      title: `${n.text(f['name'])} stopped buying`,
      why: `Used to buy every ${n.number(f['interval_days'])} days (${n.number(f['orders'])} orders) and has not for ${n.number(f['silent_days'])} days, since ${n.date(f['last_sold_on'])}; an average order is worth ${n.money(f['usual_order'], f['currency'])}.`,
    }),
    es: (f, n) => ({
      title: `${n.text(f['name'])} dejó de comprar`,
      why: `Compraba cada ${n.number(f['interval_days'])} días (${n.number(f['orders'])} pedidos) y lleva ${n.number(f['silent_days'])} días sin comprar, desde el ${n.date(f['last_sold_on'])}; un pedido medio vale ${n.money(f['usual_order'], f['currency'])}.`,
    }),
  },
  'sales.quote_ending': {
    'pt-BR': (f, n) => ({
      title:
        f['days_left'] === 0
          ? `${n.text(f['number'])} vence hoje`
          : `${n.text(f['number'])} vence em ${n.number(f['days_left'])} dia(s)`,
      why: `O orçamento${f['customer'] ? ` de ${n.text(f['customer'])}` : ''}, de ${n.money(f['total'], f['currency'])}, vale até ${n.date(f['valid_until'])} e está sem resposta.`,
    }),
    en: (f, n) => ({
      title:
        f['days_left'] === 0
          ? `${n.text(f['number'])} ends today`
          : `${n.text(f['number'])} ends in ${n.number(f['days_left'])} day(s)`,
      why: `The quote${f['customer'] ? ` for ${n.text(f['customer'])}` : ''} of ${n.money(f['total'], f['currency'])} is valid until ${n.date(f['valid_until'])} and has no answer yet.`,
    }),
    es: (f, n) => ({
      title:
        f['days_left'] === 0
          ? `${n.text(f['number'])} vence hoy`
          : `${n.text(f['number'])} vence en ${n.number(f['days_left'])} día(s)`,
      why: `La cotización${f['customer'] ? ` de ${n.text(f['customer'])}` : ''}, por ${n.money(f['total'], f['currency'])}, vale hasta el ${n.date(f['valid_until'])} y no tiene respuesta.`,
    }),
  },
};
