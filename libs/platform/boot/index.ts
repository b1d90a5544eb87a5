export { disablePretenuring } from './pretenuring.js';
export { starting } from './starting.js';
