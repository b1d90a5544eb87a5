/**
 * An invoice as PDF, A4. The same invoice gives the same bytes: the file's dates are the document's dates, and the file's
 * id is made from them. The standard fonts carry Latin-1, which covers the three languages; a character that they lack is
 * printed as `?`.
 */
import type PDFDocument from 'pdfkit';
import { type Formats, formatsFor } from './formats.js';
import { INVOICE_LABELS, type InvoiceDocument, type InvoiceLabels, type Party } from './invoice-document.js';
import { type DescribedLine, describeLine, spanText } from './invoice-text.js';
import { clipped, latin } from './latin-text.js';

type Pdf = InstanceType<typeof PDFDocument>;

const MARGIN = 50;
/** A4 is 595.28 × 841.89 points. */
const WIDTH = 595.28 - 2 * MARGIN;
const BOTTOM = 841.89 - MARGIN;
/** Page numbers stand below all other content. */
const FOOT = 22;
const RIGHT = MARGIN + WIDTH;

const REGULAR = 'Helvetica';
const BOLD = 'Helvetica-Bold';
const SIZE = 9;
const SMALL = 8;
const INK = '#1c1c1c';
const FAINT = '#6b6b6b';
const RULE = '#c8c8c8';
/** The background of the table's head. */
const SHADE = '#f2f2f2';

interface Column {
  readonly x: number;
  readonly width: number;
}

const GAP = 8;
const PADDING = 6;
/** Wide enough for the amounts that stores owe; larger figures are set smaller. */
const COLUMNS = columns({ quantity: 56, price: 78, amount: 92 });
const LINES_OF_A_NAME = 2;
const ROW_GAP = 7;

export async function renderInvoicePdf(invoice: InvoiceDocument): Promise<Buffer> {
  // Loaded here, because billing's commands load this room and few of them print.
  const { default: Document } = await import('pdfkit');
  const labels = INVOICE_LABELS[invoice.language];
  const heading = `${labels.title} ${labels.number} ${invoice.number}`;
  const pdf = new Document({
    size: 'A4',
    margin: MARGIN,
    bufferPages: true,
    lang: invoice.language,
    displayTitle: true,
    info: {
      Title: latin(`${heading} – ${invoice.seller.name}`),
      Author: latin(invoice.seller.name),
      CreationDate: invoice.issuedAt,
      Producer: 'basecommerce',
      Creator: 'basecommerce',
    },
  });
  const done = collected(pdf);
  const page = { pdf, invoice, labels, formats: formatsFor(invoice.language), heading: latin(heading) };
  let y = head(page);
  y = tableHead(page, y);
  for (const line of invoice.lines) y = row(page, line, y);
  y = sums(page, y);
  notes(page, y);
  pageNumbers(page);
  pdf.end();
  return done;
}

interface Page {
  readonly pdf: Pdf;
  readonly invoice: InvoiceDocument;
  readonly labels: InvoiceLabels;
  readonly formats: Formats;
  readonly heading: string;
}

function head({ pdf, invoice, labels, formats, heading }: Page): number {
  const { zone, status, revision } = invoice;
  pdf.font(BOLD).fontSize(20).fillColor(INK).text(heading, MARGIN, MARGIN, { width: WIDTH, lineBreak: false });
  const statusLine =
    revision === 0 ? labels.status[status] : `${labels.status[status]} · ${labels.revision(String(revision))}`;
  pdf
    .font(REGULAR)
    .fontSize(SIZE)
    .fillColor(FAINT)
    .text(latin(statusLine), MARGIN, MARGIN + 26, { lineBreak: false });
  const half = (WIDTH - 2 * GAP) / 2;
  const top = MARGIN + 54;
  const below = Math.max(
    party(pdf, labels.seller, invoice.seller, { x: MARGIN, width: half }, top),
    party(pdf, labels.buyer, invoice.buyer, { x: MARGIN + half + 2 * GAP, width: half }, top),
  );
  const dates: readonly (readonly [string, string])[] = [
    [labels.issued, formats.day(invoice.issuedAt, zone)],
    [labels.due, formats.day(invoice.dueAt, zone)],
    [labels.period, spanText(formats, invoice.period, zone)],
  ];
  const third = WIDTH / dates.length;
  dates.forEach(([label, value], place) => {
    const column = { x: MARGIN + place * third, width: third - GAP };
    cell(pdf, label, column, below + 14, { color: FAINT, size: SMALL });
    cell(pdf, value, column, below + 25, { font: place === 1 ? BOLD : REGULAR });
  });
  return below + 50;
}

/** Name and details, each wrapped over two lines at most. Returns the position where they end. */
function party(pdf: Pdf, label: string, { name, details }: Party, { x, width }: Column, top: number): number {
  cell(pdf, label, { x, width }, top, { color: FAINT, size: SMALL });
  let y = top + 12;
  for (const [place, text] of [name, ...details].entries()) {
    pdf
      .font(place === 0 ? BOLD : REGULAR)
      .fontSize(SIZE)
      .fillColor(INK);
    const shown = clipped(pdf, latin(text), width, LINES_OF_A_NAME);
    for (const line of shown) {
      pdf.text(line, x, y, { lineBreak: false });
      y += pdf.currentLineHeight(true) + 1;
    }
  }
  return y;
}

function tableHead({ pdf, labels }: Page, y: number): number {
  const height = SIZE + 2 * PADDING;
  pdf.rect(MARGIN, y, WIDTH, height).fill(SHADE);
  const at = y + PADDING;
  cell(pdf, labels.description, COLUMNS.description, at, { font: BOLD, size: SMALL });
  cell(pdf, labels.quantity, COLUMNS.quantity, at, { font: BOLD, size: SMALL, align: 'right' });
  cell(pdf, labels.price, COLUMNS.price, at, { font: BOLD, size: SMALL, align: 'right' });
  cell(pdf, labels.amount, COLUMNS.amount, at, { font: BOLD, size: SMALL, align: 'right' });
  return y + height + ROW_GAP;
}

/** A row stands whole on one page. */
function row(page: Page, line: DescribedLine, y: number): number {
  const { pdf, invoice, formats } = page;
  const { currency } = invoice;
  const description = latin(describeLine(line, invoice));
  pdf.font(REGULAR).fontSize(SIZE);
  const shown = clipped(pdf, description, COLUMNS.description.width, LINES_OF_A_NAME);
  const height = shown.length * (pdf.currentLineHeight(true) + 1);
  const top = roomFor(page, y, height + ROW_GAP, true);
  const isUsage = line.kind === 'overage' || line.kind === 'adjustment';
  shown.forEach((text, place) => cell(pdf, text, COLUMNS.description, top + (place * height) / shown.length));
  cell(pdf, formats.number(line.quantity), COLUMNS.quantity, top, { align: 'right' });
  // A line without units shows its amount alone.
  const price = isUsage ? formats.price(line.priceMicro, currency) : formats.money(line.amount, currency);
  cell(pdf, price, COLUMNS.price, top, { align: 'right' });
  cell(pdf, formats.money(line.amount, currency), COLUMNS.amount, top, { align: 'right' });
  pdf
    .moveTo(MARGIN, top + height + ROW_GAP / 2 - 1)
    .lineTo(RIGHT, top + height + ROW_GAP / 2 - 1)
    .lineWidth(0.5)
    .stroke(RULE);
  return top + height + ROW_GAP;
}

function sums(page: Page, y: number): number {
  const { pdf, invoice, labels, formats } = page;
  const { currency, total, paid, credited, owed } = invoice;
  const isOverpaid = owed < 0n;
  const rows: readonly (readonly [label: string, minor: bigint, isStrong: boolean])[] = [
    [labels.total, total, true],
    ...(paid === 0n ? [] : [[labels.paid, -paid, false] as const]),
    ...(credited === 0n ? [] : [[labels.credited, -credited, false] as const]),
    [isOverpaid ? labels.overpaid : labels.owed, isOverpaid ? -owed : owed, true],
  ];
  const step = SIZE + 7;
  // Kept together, so that the total and the amount owed stand on the same page.
  let at = roomFor(page, y + 4, rows.length * step, false);
  const label = { x: COLUMNS.quantity.x, width: COLUMNS.amount.x - COLUMNS.quantity.x - GAP };
  for (const [name, minor, isStrong] of rows) {
    const style = { font: isStrong ? BOLD : REGULAR, size: isStrong ? SIZE + 1 : SIZE };
    cell(pdf, name, label, at, { ...style, align: 'right' });
    cell(pdf, formats.money(minor, currency), COLUMNS.amount, at, { ...style, align: 'right' });
    at += step;
  }
  return at;
}

function notes(page: Page, y: number): void {
  const { pdf, invoice, labels } = page;
  let at = y + 14;
  const paragraphs = [...invoice.notes, labels.zone(invoice.zone)];
  for (const [place, paragraph] of paragraphs.entries()) {
    pdf.font(REGULAR).fontSize(SMALL);
    const shown = clipped(pdf, latin(paragraph), WIDTH, Infinity);
    if (place === 0 && invoice.notes.length > 0) {
      at = roomFor(page, at, 2 * (SMALL + 4), false);
      cell(pdf, labels.notes, { x: MARGIN, width: WIDTH }, at, { font: BOLD, size: SMALL });
      at += SMALL + 4;
    }
    for (const text of shown) {
      at = roomFor(page, at, SMALL + 2, false);
      cell(pdf, text, { x: MARGIN, width: WIDTH }, at, { color: FAINT, size: SMALL });
      at += SMALL + 2;
    }
    at += 4;
  }
}

/** `y`, or the top of a new page that names its invoice. */
function roomFor(page: Page, y: number, height: number, isTable: boolean): number {
  if (y + height <= BOTTOM - FOOT) return y;
  const { pdf, heading, labels } = page;
  pdf.addPage();
  cell(pdf, `${heading} (${labels.continued})`, { x: MARGIN, width: WIDTH }, MARGIN, { font: BOLD, size: SIZE + 1 });
  const top = MARGIN + 24;
  return isTable ? tableHead(page, top) : top;
}

function pageNumbers({ pdf, labels, invoice }: Page): void {
  const { start, count } = pdf.bufferedPageRange();
  for (let index = 0; index < count; index++) {
    pdf.switchToPage(start + index);
    const style = { color: FAINT, size: SMALL } as const;
    cell(pdf, latin(invoice.seller.name), { x: MARGIN, width: WIDTH - 120 }, BOTTOM - SMALL, style);
    cell(pdf, labels.page(index + 1, count), { x: RIGHT - 110, width: 110 }, BOTTOM - SMALL, {
      ...style,
      align: 'right',
    });
  }
}

interface CellStyle {
  readonly font?: string;
  readonly size?: number;
  readonly color?: string;
  readonly align?: 'left' | 'right';
}

/** One line. A text that is too wide is cut; a number is set smaller instead, because a cut amount would be wrong. */
function cell(pdf: Pdf, text: string, { x, width }: Column, y: number, style: CellStyle = {}): void {
  const { font = REGULAR, size = SIZE, color = INK, align = 'left' } = style;
  pdf.font(font).fontSize(size).fillColor(color);
  let shown = latin(text);
  if (align === 'right') {
    const needed = pdf.widthOfString(shown);
    if (needed > width) pdf.fontSize((size * width) / needed);
  } else [shown = ''] = clipped(pdf, shown, width, 1);
  const left = align === 'right' ? x + width - pdf.widthOfString(shown) : x;
  pdf.text(shown, left, y, { lineBreak: false });
}

function columns(widths: { readonly quantity: number; readonly price: number; readonly amount: number }) {
  const amount = { x: RIGHT - PADDING - widths.amount, width: widths.amount };
  const price = { x: amount.x - GAP - widths.price, width: widths.price };
  const quantity = { x: price.x - GAP - widths.quantity, width: widths.quantity };
  const left = MARGIN + PADDING;
  return { description: { x: left, width: quantity.x - GAP - left }, quantity, price, amount };
}

function collected(pdf: Pdf): Promise<Buffer> {
  const parts: Buffer[] = [];
  return new Promise((resolve, reject) => {
    pdf.on('data', (part: Buffer) => parts.push(part));
    pdf.on('end', () => resolve(Buffer.concat(parts)));
    pdf.on('error', reject);
  });
}
