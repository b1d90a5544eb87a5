export { EventScript, interleave, type ProductTraits } from './event-script.js';
export { forgetTables, pictureOf } from './picture.js';
export { Random } from './random.js';
