export { gaugeOnScrape } from './gauge-on-scrape.js';
export { counter, type Counter, gauge, type Gauge, histogram, type Histogram } from './metrics.js';
export type { LoggedRequest } from './logging.js';
export { type HealthCheck, MetricsServer, readiness, type Readiness } from './metrics-server.js';
export { type Trace, traceOf } from './tracing.js';
