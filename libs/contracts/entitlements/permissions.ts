import type { PermissionTable } from '../roles.js';

export const permissions = {
  'entitlement.read': ['owner', 'manager', 'finance'],
  'entitlement.cap': ['owner', 'finance'],
} as const satisfies PermissionTable;
