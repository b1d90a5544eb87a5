export { userPage, type UserRow, userView } from './data/users.js';
export { changeUser, createUser, setPassword } from './usecases/manage-users.js';
export { createOperator } from './usecases/operator/operators.js';
