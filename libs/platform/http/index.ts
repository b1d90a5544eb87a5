export { Open } from './access.guard.js';
export { ADMISSION, type Admission } from './admission.js';
export type { OperatorCall, ReadCall, WriteCall } from './call.js';
export { type CallOf, Handle, handledOperations } from './handle.js';
export { HttpModule } from './http.module.js';
export { SERVER_ERRORS, STATUS_OF_KIND } from './problem.filter.js';
export type { HttpReply, HttpRequest } from './request.js';
export { createHttpApp } from './server.js';
export { type Site, type SiteTenant, TENANT_DIRECTORY, type TenantDirectory } from './site.js';
