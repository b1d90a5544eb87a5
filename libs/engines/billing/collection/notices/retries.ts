/**
 * When a notice is tried again, from what is recorded: when it was decided, and how often it has been tried. A sender that
 * was down for a day therefore tries at once, and nobody's clock but the database's is asked.
 */

/** Minutes after the notice was recorded, by attempts made. Greylisting ends within minutes, most outages within hours. */
export const RETRY_MINUTES = [0, 5, 20, 80, 240, 720] as const;
/** From then on one attempt more each time: twice a day, which is what a person has to look and mend it. */
export const RETRY_STEP_MINUTES = 720;

/** What an attempt leaves behind; the reason is for the operator. */
export const NO_ADDRESS = 'no address';
/** With the address, so that another one is tried as soon as the operator has set it. */
export const REFUSED = 'refused ';
export const refusedAt = (address: string): string => `${REFUSED}${address}: `;
