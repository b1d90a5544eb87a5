import { desk, type PermissionTable } from '../roles.js';

export const permissions = {
  'insight.read': desk,
  'insight.answer': ['owner', 'manager', 'seller'],
} as const satisfies PermissionTable;
