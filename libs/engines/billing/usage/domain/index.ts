/** The rules of meters that other rules use. Nothing here reads or writes. */
export { isRefusable } from './meters.js';
