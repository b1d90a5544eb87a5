import { everyone, type PermissionTable } from '../roles.js';

export const permissions = {
  'tenant.read': everyone,
} as const satisfies PermissionTable;
