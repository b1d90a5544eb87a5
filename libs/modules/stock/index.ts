export { errors as stockErrors } from './errors.js';
export { holdStock, releaseStock, sellStock, type Wanted } from './usecases/hold-stock.js';
