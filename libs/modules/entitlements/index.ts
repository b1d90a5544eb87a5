export { reserve } from './usecases/reserve.js';
