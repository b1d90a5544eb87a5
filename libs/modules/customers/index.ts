export { requireCustomer } from './usecases/require-customer.js';
