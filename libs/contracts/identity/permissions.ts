import type { PermissionTable } from '../roles.js';

export const permissions = {
  'user.read': ['owner', 'manager'],
  'user.manage': ['owner'],
} as const satisfies PermissionTable;
