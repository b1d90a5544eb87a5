export { hashPassword, verifyPassword } from './passwords.js';
export type { OperatorPrincipal, Principal, TenantPrincipal } from './principal.js';
export { JWT_STRATEGIES } from './strategies.js';
export { type IssuedToken, Tokens } from './tokens.js';
