import { desk, type PermissionTable } from '../roles.js';

export const permissions = {
  'quote.read': desk,
  'quote.manage': ['owner', 'manager', 'seller'],
  'quote.convert': ['owner', 'manager', 'seller'],
  'quote.convert_expired': ['owner', 'manager'],
} as const satisfies PermissionTable;
