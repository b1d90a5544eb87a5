import type { Subscription } from '../subscription.js';

export const subscription = ['tenant', 'product', 'stock', 'order'] as const satisfies Subscription;
