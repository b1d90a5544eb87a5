export {
  type DocumentLine,
  type LineColumn,
  lineFact,
  lineOf,
  type LineRow,
  lineRows,
  lineView,
  totalOf,
} from './domain/line.js';
export { lineTotal } from './domain/line-total.js';
export { partOfLine } from './domain/part-of-line.js';
