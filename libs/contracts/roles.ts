/** Roles of the people of a store, and the form in which a room states the rights of each role. */
export const ROLES = ['owner', 'manager', 'seller', 'warehouse', 'driver', 'finance'] as const;

export type Role = (typeof ROLES)[number];

/** `<noun>.<verb>` → the roles that may do it. A role that is not listed may not. */
export type PermissionTable = Readonly<Record<string, readonly Role[]>>;

export const everyone = [...ROLES] as const;
export const desk = ['owner', 'manager', 'seller', 'finance'] as const;
