/** The instant that decisions use. Production reads the database's clock; tests and passes inject their own. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };
