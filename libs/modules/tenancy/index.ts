export { requireTenant, type TenantRow, tenantPage, tenantView } from './data/tenants.js';
export { tenantStates } from './domain/tenant.js';
