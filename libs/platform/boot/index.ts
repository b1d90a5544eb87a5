export { starting } from './starting.js';
