/** The stock engine's sentences. Figures come from `domain/advice.ts`; nothing is computed here. */
import type { Figures, Formats, InsightTexts } from '#modules/insights';

const isZero = (figures: Figures, name: string) => figures[name] === '0';

const quantity = (figures: Figures, formats: Formats, name: string) => formats.quantity(figures[name], figures['unit']);
const tiedUp = (figures: Figures, formats: Formats) => formats.money(figures['tied_up'], figures['currency']);
const unitCost = (figures: Figures, formats: Formats) => formats.money(figures['unit_cost'], figures['currency']);

const pt = {
  sold: (f: Figures, n: Formats) =>
    f['is_short_history']
      ? `vendeu ${quantity(f, n, 'sold')} (histórico curto, contado em ${n.number(f['window_days'])} dias)`
      : `vendeu ${quantity(f, n, 'sold')} em ${n.number(f['window_days'])} dias`,
  cost: (f: Figures, n: Formats) =>
    f['cost_source'] === 'last_receipt'
      ? `pelo último custo de ${unitCost(f, n)}`
      : `pelo preço de tabela de ${unitCost(f, n)}, sem custo registrado`,
};
const en = {
  sold: (f: Figures, n: Formats) =>
    f['is_short_history']
      ? `${quantity(f, n, 'sold')} sold (short history, counted over ${n.number(f['window_days'])} days)`
      : `${quantity(f, n, 'sold')} sold in ${n.number(f['window_days'])} days`,
  cost: (f: Figures, n: Formats) =>
    f['cost_source'] === 'last_receipt'
      ? `at the last cost of ${unitCost(f, n)}`
      : `at the list price of ${unitCost(f, n)}, no cost being recorded`,
};
const es = {
  sold: (f: Figures, n: Formats) =>
    f['is_short_history']
      ? `se vendieron ${quantity(f, n, 'sold')} (historial corto, contado en ${n.number(f['window_days'])} días)`
      : `se vendieron ${quantity(f, n, 'sold')} en ${n.number(f['window_days'])} días`,
  cost: (f: Figures, n: Formats) =>
    f['cost_source'] === 'last_receipt'
      ? `al último costo de ${unitCost(f, n)}`
      : `al precio de lista de ${unitCost(f, n)}, sin costo registrado`,
};

export const stockInsightTexts: InsightTexts = {
  'stock.rupture': {
    'pt-BR': (f, n) => ({
      title: isZero(f, 'days')
        ? `${n.text(f['name'])}: sem estoque disponível`
        : `${n.text(f['name'])}: acaba em ${n.number(f['days'], 1)} dias`,
      why: `Há ${quantity(f, n, 'available')} disponíveis e ${pt.sold(f, n)}, ${n.number(f['daily'])} por dia: dura ${n.number(f['days'], 1)} dias, e repor leva ${n.number(f['lead_time_days'])}.`,
    }),
    en: (f, n) => ({
      title: isZero(f, 'days')
        ? `${n.text(f['name'])}: nothing available`
        : `${n.text(f['name'])}: runs out in ${n.number(f['days'], 1)} days`,
      why: `${quantity(f, n, 'available')} available and ${en.sold(f, n)}, ${n.number(f['daily'])} a day: it lasts ${n.number(f['days'], 1)} days, and restocking takes ${n.number(f['lead_time_days'])}.`,
    }),
    es: (f, n) => ({
      title: isZero(f, 'days')
        ? `${n.text(f['name'])}: sin stock disponible`
        : `${n.text(f['name'])}: se agota en ${n.number(f['days'], 1)} días`,
      why: `Hay ${quantity(f, n, 'available')} disponibles y ${es.sold(f, n)}, ${n.number(f['daily'])} por día: dura ${n.number(f['days'], 1)} días, y reponer lleva ${n.number(f['lead_time_days'])}.`,
    }),
  },
  'stock.replenishment': {
    'pt-BR': (f, n) => ({
      title: `Comprar ${quantity(f, n, 'suggestion')} de ${n.text(f['name'])}`,
      why: `Há ${quantity(f, n, 'available')} disponíveis, abaixo do mínimo de ${quantity(f, n, 'minimum')} (${n.number(f['daily'])} por dia em ${n.number(f['lead_time_days'])} dias de reposição, mais ${n.percent(f['safety_percent'])} de segurança); a compra leva ao máximo de ${quantity(f, n, 'maximum')}.`,
    }),
    en: (f, n) => ({
      title: `Buy ${quantity(f, n, 'suggestion')} of ${n.text(f['name'])}`,
      why: `${quantity(f, n, 'available')} available, below the minimum of ${quantity(f, n, 'minimum')} (${n.number(f['daily'])} a day over ${n.number(f['lead_time_days'])} days of lead time, plus ${n.percent(f['safety_percent'])} safety); the purchase fills up to the maximum of ${quantity(f, n, 'maximum')}.`,
    }),
    es: (f, n) => ({
      title: `Comprar ${quantity(f, n, 'suggestion')} de ${n.text(f['name'])}`,
      why: `Hay ${quantity(f, n, 'available')} disponibles, por debajo del mínimo de ${quantity(f, n, 'minimum')} (${n.number(f['daily'])} por día en ${n.number(f['lead_time_days'])} días de reposición, más ${n.percent(f['safety_percent'])} de seguridad); la compra lleva al máximo de ${quantity(f, n, 'maximum')}.`,
    }),
  },
  'stock.excess': {
    'pt-BR': (f, n) => ({
      title: `${n.text(f['name'])}: ${quantity(f, n, 'excess')} acima do máximo`,
      why: `Há ${quantity(f, n, 'available')} disponíveis e ${pt.sold(f, n)}: dura ${n.number(f['days'], 1)} dias, com máximo de ${quantity(f, n, 'maximum')}; são ${tiedUp(f, n)} parados ${pt.cost(f, n)}.`,
    }),
    en: (f, n) => ({
      title: `${n.text(f['name'])}: ${quantity(f, n, 'excess')} above the maximum`,
      why: `${quantity(f, n, 'available')} available and ${en.sold(f, n)}: it lasts ${n.number(f['days'], 1)} days, against a maximum of ${quantity(f, n, 'maximum')}; ${tiedUp(f, n)} is tied up ${en.cost(f, n)}.`,
    }),
    es: (f, n) => ({
      title: `${n.text(f['name'])}: ${quantity(f, n, 'excess')} por encima del máximo`,
      why: `Hay ${quantity(f, n, 'available')} disponibles y ${es.sold(f, n)}: dura ${n.number(f['days'], 1)} días, con un máximo de ${quantity(f, n, 'maximum')}; son ${tiedUp(f, n)} inmovilizados ${es.cost(f, n)}.`,
    }),
  },
  'stock.idle': {
    'pt-BR': (f, n) => ({
      title: `${n.text(f['name'])}: parado há ${n.number(f['idle_days'])} dias`,
      why: `${f['was_ever_sold'] ? 'Última venda' : 'Nunca vendido, em estoque desde'} ${f['was_ever_sold'] ? 'em ' : ''}${n.date(f['since'])}, com ${quantity(f, n, 'on_hand')} em estoque: ${tiedUp(f, n)} parados ${pt.cost(f, n)}.`,
    }),
    en: (f, n) => ({
      title: `${n.text(f['name'])}: idle for ${n.number(f['idle_days'])} days`,
      why: `${f['was_ever_sold'] ? 'Last sold on' : 'Never sold, in stock since'} ${n.date(f['since'])}, with ${quantity(f, n, 'on_hand')} on hand: ${tiedUp(f, n)} is tied up ${en.cost(f, n)}.`,
    }),
    es: (f, n) => ({
      title: `${n.text(f['name'])}: sin ventas hace ${n.number(f['idle_days'])} días`,
      why: `${f['was_ever_sold'] ? 'Última venta el' : 'Nunca vendido, en stock desde el'} ${n.date(f['since'])}, con ${quantity(f, n, 'on_hand')} en stock: ${tiedUp(f, n)} inmovilizados ${es.cost(f, n)}.`,
    }),
  },
};
