/**
 * What the planning assumes where nothing is known. A store may choose per product, per category or for all; the nearest
 * choice wins, member by member.
 */
export interface Parameters {
  readonly leadTimeDays: number;
  /** Share of the demand over the lead time kept on top of it. */
  readonly safetyPercent: string;
}

export interface Choice {
  readonly trade: string | null;
  readonly leadTimeDays: number | null;
  readonly safetyPercent: string | null;
}

export const DEFAULTS: Parameters = { leadTimeDays: 7, safetyPercent: '20' };

/** Typical of a trade: the range a settings screen offers, and the value taken until the store narrows it. */
export const TRADES: Readonly<Record<string, Parameters & { readonly longestLeadTimeDays: number }>> = {
  building: { leadTimeDays: 7, longestLeadTimeDays: 14, safetyPercent: '20' },
  food: { leadTimeDays: 1, longestLeadTimeDays: 3, safetyPercent: '10' },
  electronics: { leadTimeDays: 15, longestLeadTimeDays: 30, safetyPercent: '30' },
};

/** `choices` from nearest to farthest: product, category, tenant. */
export function resolveParameters(choices: readonly (Choice | null)[]): Parameters {
  const made = choices.filter((choice) => choice !== null);
  const trade = made.map((choice) => choice.trade).find((name) => name !== null);
  const typical = (trade ? TRADES[trade] : undefined) ?? DEFAULTS;
  return {
    leadTimeDays: made.map((choice) => choice.leadTimeDays).find((days) => days !== null) ?? typical.leadTimeDays,
    safetyPercent:
      made.map((choice) => choice.safetyPercent).find((percent) => percent !== null) ?? typical.safetyPercent,
  };
}
