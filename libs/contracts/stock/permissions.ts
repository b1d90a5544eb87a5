import { everyone, type PermissionTable } from '../roles.js';

export const permissions = {
  'stock.read': everyone,
  'stock.move': ['owner', 'manager', 'warehouse'],
} as const satisfies PermissionTable;
