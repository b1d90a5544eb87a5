/**
 * What a room's door needs: operations bound to methods, and the types of a call. The server itself is behind
 * `#platform/http/server`: a command of the operator runs an operation without one and does not load it.
 */
export { ADMISSION, type Admission } from './admission.js';
export type { ExchangeCall, OperatorCall, ReadCall, WriteCall } from './call.js';
export { type CallOf, Handle, HandleExchange, handledOperations } from './handle.js';
export { Open } from './open.js';
export { type OperatorRequest, runAsOperator } from './run-as-operator.js';
export { problemOf, SERVER_ERRORS, STATUS_OF_KIND } from './problem.js';
export type { HttpReply, HttpRequest } from './request.js';
export { type Site, type SiteTenant, TENANT_DIRECTORY, type TenantDirectory } from './site.js';
