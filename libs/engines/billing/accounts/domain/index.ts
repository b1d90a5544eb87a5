/** The rules of accounts that other rules use: amounts and days. Nothing here reads or writes. */
export { localDay, startOfDay } from './local-days.js';
