export { requireTenant } from './data/tenants.js';
export { createTenant } from './usecases/operator/create-tenant.js';
export { addUser } from './usecases/operator/manage-people.js';
