export { createLogger, type LoggedRequest, loggerOptions, requestLogging } from './logging.js';
export { type HealthCheck, MetricsServer, readiness, type Readiness } from './metrics-server.js';
export { type Trace, traceOf } from './tracing.js';
