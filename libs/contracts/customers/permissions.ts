import { desk, type PermissionTable } from '../roles.js';

export const permissions = {
  'customer.read': [...desk, 'driver'],
  'customer.manage': ['owner', 'manager', 'seller'],
} as const satisfies PermissionTable;
