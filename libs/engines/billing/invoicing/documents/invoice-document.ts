/** The content of a printed invoice, in the order of the page. The caller reads it from the tables. */
import type { Language } from './formats.js';
import type { DescribedLine } from './invoice-text.js';

export interface Party {
  readonly name: string;
  /** Address, tax id, e-mail: printed below the name, one per line. */
  readonly details: readonly string[];
}

export interface InvoiceDocument {
  readonly language: Language;
  /** The tenant's zone; every date on the page is a date of its calendar. */
  readonly zone: string;
  readonly currency: string;
  /** The operator. */
  readonly seller: Party;
  /** The tenant. */
  readonly buyer: Party;
  readonly number: bigint;
  /** Above 0: it corrects the first invoice of the same period. */
  readonly revision: number;
  readonly issuedAt: Date;
  readonly dueAt: Date;
  readonly period: { readonly startsAt: Date; readonly endsAt: Date };
  readonly status: 'issued' | 'paid' | 'void' | 'uncollectible';
  readonly lines: readonly DescribedLine[];
  readonly total: bigint;
  readonly paid: bigint;
  readonly credited: bigint;
  /** Below zero: more was paid than is owed. */
  readonly owed: bigint;
  readonly notes: readonly string[];
}

export interface InvoiceLabels {
  readonly title: string;
  readonly number: string;
  readonly seller: string;
  readonly buyer: string;
  readonly issued: string;
  readonly due: string;
  readonly period: string;
  readonly revision: (revision: string) => string;
  readonly status: Readonly<Record<InvoiceDocument['status'], string>>;
  readonly description: string;
  readonly quantity: string;
  readonly price: string;
  readonly amount: string;
  readonly total: string;
  readonly paid: string;
  readonly credited: string;
  readonly owed: string;
  readonly overpaid: string;
  readonly notes: string;
  readonly zone: (zone: string) => string;
  readonly page: (page: number, pages: number) => string;
  readonly continued: string;
}

export const INVOICE_LABELS: Readonly<Record<Language, InvoiceLabels>> = {
  'pt-BR': {
    title: 'Fatura',
    number: 'nº',
    seller: 'De',
    buyer: 'Para',
    issued: 'Emissão',
    due: 'Vencimento',
    period: 'Período',
    revision: (revision) => `Correção ${revision} deste período`,
    status: { issued: 'Em aberto', paid: 'Paga', void: 'Cancelada', uncollectible: 'Baixada' },
    description: 'Descrição',
    quantity: 'Quantidade',
    price: 'Preço',
    amount: 'Valor',
    total: 'Total',
    paid: 'Pago',
    credited: 'Creditado',
    owed: 'A pagar',
    overpaid: 'Pago a mais',
    notes: 'Observações',
    zone: (zone) => `Datas no fuso ${zone}`,
    page: (page, pages) => `Página ${page} de ${pages}`,
    continued: 'continuação',
  },
  en: {
    title: 'Invoice',
    number: 'no.',
    seller: 'From',
    buyer: 'To',
    issued: 'Issued',
    due: 'Due',
    period: 'Period',
    revision: (revision) => `Correction ${revision} of this period`,
    status: { issued: 'Open', paid: 'Paid', void: 'Void', uncollectible: 'Written off' },
    description: 'Description',
    quantity: 'Quantity',
    price: 'Price',
    amount: 'Amount',
    total: 'Total',
    paid: 'Paid',
    credited: 'Credited',
    owed: 'Amount due',
    overpaid: 'Overpaid',
    notes: 'Notes',
    zone: (zone) => `Dates in the zone ${zone}`,
    page: (page, pages) => `Page ${page} of ${pages}`,
    continued: 'continued',
  },
  es: {
    title: 'Factura',
    number: 'n.º',
    seller: 'De',
    buyer: 'Para',
    issued: 'Emisión',
    due: 'Vencimiento',
    period: 'Período',
    revision: (revision) => `Corrección ${revision} de este período`,
    status: { issued: 'Pendiente', paid: 'Pagada', void: 'Anulada', uncollectible: 'Incobrable' },
    description: 'Descripción',
    quantity: 'Cantidad',
    price: 'Precio',
    amount: 'Importe',
    total: 'Total',
    paid: 'Pagado',
    credited: 'Acreditado',
    owed: 'A pagar',
    overpaid: 'Pagado de más',
    notes: 'Notas',
    zone: (zone) => `Fechas en la zona ${zone}`,
    page: (page, pages) => `Página ${page} de ${pages}`,
    continued: 'continuación',
  },
};
