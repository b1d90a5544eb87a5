export { type ForecastErrors, type StockQuality, stockQuality } from './quality.js';
