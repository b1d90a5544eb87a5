/**
 * The one permission table: role × action. The API enforces it, the screens hide what it forbids, and the documentation
 * prints it. An action is `<noun>.<verb>`; a role that is not listed for it may not do it.
 */
export const ROLES = ['owner', 'manager', 'seller', 'warehouse', 'driver', 'finance'] as const;

export type Role = (typeof ROLES)[number];

const everyone = ROLES;
const desk = ['owner', 'manager', 'seller', 'finance'] as const;

export const PERMISSIONS = {
  'tenant.read': everyone,
  'user.read': ['owner', 'manager'],
  'user.manage': ['owner'],
  'product.read': everyone,
  'product.manage': ['owner', 'manager'],
  'customer.read': [...desk, 'driver'],
  'customer.manage': ['owner', 'manager', 'seller'],
  'quote.read': desk,
  'quote.manage': ['owner', 'manager', 'seller'],
  'quote.convert': ['owner', 'manager', 'seller'],
  'quote.convert_expired': ['owner', 'manager'],
  'order.read': everyone,
  'order.manage': ['owner', 'manager', 'seller', 'warehouse'],
  'order.cancel': ['owner', 'manager'],
  'order.deliver': ['owner', 'manager', 'warehouse', 'driver'],
  'stock.read': everyone,
  'stock.move': ['owner', 'manager', 'warehouse'],
  'insight.read': desk,
  'insight.answer': ['owner', 'manager', 'seller'],
  'stream.read': everyone,
  'entitlement.read': ['owner', 'manager', 'finance'],
  'entitlement.cap': ['owner', 'finance'],
  'billing.read': ['owner', 'finance'],
  'billing.pay': ['owner', 'finance'],
} as const satisfies Record<string, readonly Role[]>;

export type Permission = keyof typeof PERMISSIONS;

export function mayDo(roles: readonly string[], permission: Permission): boolean {
  return roles.some((role) => (PERMISSIONS[permission] as readonly string[]).includes(role));
}
