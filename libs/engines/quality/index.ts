export { EventScript, interleave, type ProductTraits } from './event-script.js';
export { Random } from './random.js';
