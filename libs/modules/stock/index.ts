export { holdStock, releaseStock, sellStock, type Wanted } from './usecases/hold-stock.js';
export { recordMovement } from './usecases/record-movement.js';
