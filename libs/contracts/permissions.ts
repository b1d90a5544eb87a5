/**
 * What a person may do. Each room states its part in `<room>/permissions.ts`; the API enforces the whole table, the
 * screens hide what it forbids, and the documentation prints it.
 */
import { PERMISSIONS } from './rooms.js';

export type Permission = keyof typeof PERMISSIONS;

export function mayDo(roles: readonly string[], permission: Permission): boolean {
  return roles.some((role) => (PERMISSIONS[permission] as readonly string[]).includes(role));
}
