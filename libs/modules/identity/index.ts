export { revokeSessions, userById, userPage, type UserRow, userView } from './data/users.js';
export { errors as identityErrors } from './errors.js';
export { limitedAttempt } from './usecases/attempts.js';
export { changeUser, createUser, setPassword } from './usecases/manage-users.js';
export { hashOf, newRefreshToken, REFRESH_DAYS } from './usecases/refresh-token.js';
export { createOperator } from './usecases/operator/operators.js';
