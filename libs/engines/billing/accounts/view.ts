/** Amounts and instants as the wire shows them: decimal strings, UTC. */

import { Money } from '#kernel';
import { priceTextOf } from './domain/amounts.js';

export const moneyText = (minor: bigint, currency: string): string => new Money(minor, currency).toText();

export const instantText = (at: Date | null): string | null => at?.toISOString() ?? null;

/** A credit has a negative price. */
export const priceText = (micro: bigint, currency: string): string => priceTextOf(micro, currency);
