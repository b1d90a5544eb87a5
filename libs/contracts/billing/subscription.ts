import type { Subscription } from '../subscription.js';

export const subscription = ['tenant', 'user', 'quote', 'order', 'usage'] as const satisfies Subscription;
