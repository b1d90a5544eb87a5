export { hashPassword, verifyPassword } from './passwords.js';
export type { OperatorPrincipal, Principal, TenantPrincipal } from './principal.js';
export { ALGORITHM, type IssuedToken, ISSUER, principalOf, Tokens } from './tokens.js';
