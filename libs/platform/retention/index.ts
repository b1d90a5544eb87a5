export { deleteExpiredRows } from './retention.js';
