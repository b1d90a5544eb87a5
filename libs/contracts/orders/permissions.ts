import { everyone, type PermissionTable } from '../roles.js';

export const permissions = {
  'order.read': everyone,
  'order.manage': ['owner', 'manager', 'seller', 'warehouse'],
  'order.cancel': ['owner', 'manager'],
  'order.deliver': ['owner', 'manager', 'warehouse', 'driver'],
} as const satisfies PermissionTable;
