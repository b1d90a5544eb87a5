import { everyone, type PermissionTable } from '../roles.js';

export const permissions = {
  'stream.read': everyone,
} as const satisfies PermissionTable;
