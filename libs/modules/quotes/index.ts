export { quoteStates } from './domain/quote.js';
