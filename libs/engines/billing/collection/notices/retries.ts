/**
 * Computes when a notice is tried again, from recorded facts: the time of the decision and the number of attempts. So a
 * sender that was down for a day tries at once, and only the database's clock is used.
 */

/** Minutes after the notice was recorded, by attempts made. Greylisting ends within minutes, most outages within hours. */
export const RETRY_MINUTES = [0, 5, 20, 80, 240, 720] as const;
/** After the last of these, the notice is tried twice a day: that gives a person time to find and repair the cause. */
export const RETRY_STEP_MINUTES = 720;

/** The result of an attempt; the reason is for the operator. */
export const NO_ADDRESS = 'no address';
/** Includes the address, so that another address is tried as soon as the operator has set it. */
export const REFUSED = 'refused ';
export const refusedAt = (address: string): string => `${REFUSED}${address}: `;
