export { requireTenant, type TenantRow, tenantPage, tenantView } from './data/tenants.js';
export { tenantStates } from './domain/tenant.js';
export { createTenant } from './usecases/operator/create-tenant.js';
export { addUser } from './usecases/operator/manage-people.js';
