export { type SalesQuality, salesQuality } from './quality.js';
