export { forgetOld } from './retention.js';
