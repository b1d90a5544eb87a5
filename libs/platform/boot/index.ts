export { disablePretenuring } from './pretenuring.js';
export { starting } from './starting.js';
export { printUsageWhenAsked } from './usage.js';
