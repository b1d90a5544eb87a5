export { createCustomer } from './usecases/create-customer.js';
export { createSite } from './usecases/create-site.js';
export { requireCustomer } from './usecases/require-customer.js';
