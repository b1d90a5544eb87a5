import type { Subscription } from '../subscription.js';

export const subscription = ['product', 'stock', 'customer', 'quote', 'order'] as const satisfies Subscription;
