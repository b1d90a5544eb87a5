export { acceptQuote } from './usecases/accept-quote.js';
export { convertQuote } from './usecases/convert-quote.js';
export { createQuote } from './usecases/create-quote.js';
export { sendQuote } from './usecases/send-quote.js';
