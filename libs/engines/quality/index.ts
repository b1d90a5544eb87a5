export { EventScript, interleave, type ProductTraits } from './event-script.js';
export { forgetTables, pictureOf } from './picture.js';
export { PATTERNS, type Pattern, type ProductHistory, storeHistory, type StoreHistory } from './store-history.js';
