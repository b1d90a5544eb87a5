import { z } from 'zod';
import { METERS } from '../meters.js';
import { operation } from '../operation.js';
import { instant } from '../scalars.js';

const meter = z.enum(METERS);
const count = (description: string, example: number) =>
  z
    .int()
    .nonnegative()
    .meta({ description, examples: [example] });

export const ownCap = z
  .object({
    cap: count('Units in a period, after which the store refuses more', 900),
    set_by: z.string().meta({ examples: ['user:01931b6e-3c00-7a00-8000-000000000006'] }),
    set_at: instant,
  })
  .meta({ id: 'OwnCap' });

export const entitlement = z
  .object({
    meter,
    plan: z.string().meta({ examples: ['standard'] }),
    included: count('Units the plan includes', 1000),
    soft: count('Units above which use is billed', 1200),
    hard: count('Units after which the platform refuses more', 1500),
    used: count('Units used in this period', 801),
    percent: z
      .int()
      .nonnegative()
      .nullable()
      .meta({ description: '`used` of `included`, rounded down; null if nothing is included', examples: [80] }),
    own_cap: ownCap.nullable().meta({ description: 'The store’s own, lower limit, if it has set one' }),
    period: z.object({ starts_at: instant, ends_at: instant }),
  })
  .meta({ id: 'Entitlement' });

const cap = {
  path: '/usage/caps/:meter',
  tag: 'Store',
  access: 'entitlement.cap',
  // A suspended store must be able to limit its next bill.
  isOpenWhenSuspended: true,
  params: z.strictObject({ meter }),
  response: z.object({ meter, own_cap: ownCap.nullable() }),
} as const;

export const getEntitlements = operation({
  id: 'getEntitlements',
  method: 'GET',
  path: '/usage',
  tag: 'Store',
  summary: 'What the store may use in the period that runs, and what it has used',
  description: 'One entry per meter of the plan. Empty for a store without a plan, which nothing limits.',
  access: 'entitlement.read',
  response: z.object({ data: z.array(entitlement) }),
});

export const setUsageCap = operation({
  ...cap,
  id: 'setUsageCap',
  method: 'PUT',
  summary: 'Set the store’s own limit of a meter',
  description:
    'Holds from the next request on, in this period and those to come. An order or a quote beyond it is refused by `usage_limit_reached` with `limited_by` `own_cap`; of people, calls and megabytes, which are refused nowhere, the forecast tells when it is reached. Above the plan’s hard limit it changes nothing; null takes it away.',
  body: z.strictObject({
    cap: z
      .int()
      .nonnegative()
      .nullable()
      .meta({ description: 'Units in a period', examples: [900] }),
  }),
});

export const removeUsageCap = operation({
  ...cap,
  id: 'removeUsageCap',
  method: 'DELETE',
  summary: 'Take the store’s own limit of a meter away',
});
