import type { Subscription } from '../subscription.js';

export const subscription = ['account'] as const satisfies Subscription;
