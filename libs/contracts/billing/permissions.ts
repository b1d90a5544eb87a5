import type { PermissionTable } from '../roles.js';

export const permissions = {
  'billing.read': ['owner', 'finance'],
  'billing.pay': ['owner', 'finance'],
} as const satisfies PermissionTable;
