/** What a store's use is counted in. Plans include and price these; the store's own caps limit them. */
export const METERS = ['orders', 'quotes', 'active_users', 'api_calls', 'stored_mb'] as const;
export type MeterName = (typeof METERS)[number];
