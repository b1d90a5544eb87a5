import { everyone, type PermissionTable } from '../roles.js';

export const permissions = {
  'product.read': everyone,
  'product.manage': ['owner', 'manager'],
} as const satisfies PermissionTable;
