/** The kinds of use that are counted. Plans include and price them; the store's own caps limit them. */
export const METERS = ['orders', 'quotes', 'active_users', 'api_calls', 'stored_mb'] as const;
export type MeterName = (typeof METERS)[number];
