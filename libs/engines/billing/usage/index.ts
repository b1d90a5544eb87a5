/** Usage of stores, taken from events: counts, counters and forecasts. */
export { type CapInForce, capsOf } from './data/caps.js';
export { usageEventRows } from './data/usage-event-rows.js';
export { usageBetween, usageOfSpans } from './data/usage.js';
export { forecastOf } from './domain/forecast.js';
export { isRefusable, METERS } from './domain/meters.js';
export { applyEvents } from './usecases/apply-events.js';
export { measureQuotas } from './usecases/measure-quotas.js';
export { recountTenant, refreshCounters } from './usecases/refresh-counters.js';
