import { z } from 'zod';
import { idParams, operation, page, pageQuery, type Tags } from '../operation.js';
import { currency, date, id, instant, money, text } from '../scalars.js';

export const tags: Tags = {
  Insights: { order: 90, description: 'What the engines advise, why, and what the store answered.' },
};

export const INSIGHT_STATES = ['open', 'done', 'not_now', 'wrong', 'resolved'] as const;

export const insight = z
  .object({
    id,
    engine: z.string().meta({ examples: ['stock'] }),
    kind: z.string().meta({ examples: ['rupture', 'replenishment', 'excess', 'bought_together'] }),
    subject: z
      .string()
      .meta({ description: '`<noun>/<id>`', examples: ['product/01931b6e-3c00-7a00-8000-000000000001'] }),
    title: z.string().meta({
      examples: ['Cimento CP II 50 kg runs out on Thursday'],
      description: 'In the reader’s language (`Accept-Language`: pt-BR, en, es)',
    }),
    why: z.string().meta({
      examples: ['41 left, 12 sold a day over the last 30 days, and a delivery takes five days.'],
      description: 'One sentence with the figures behind it, in the reader’s language',
    }),
    worth: z.object({ amount: money, currency }).nullable(),
    action: z
      .looseObject({ type: z.string().meta({ examples: ['create_purchase'] }) })
      .meta({ description: 'What one click would do' }),
    state: z.enum(INSIGHT_STATES),
    priority: z.int().meta({ examples: [80], description: '0 to 100, most pressing first' }),
    figures: z.record(z.string(), z.unknown()).meta({ description: 'The figures in `why`; decimals as strings' }),
    opened_at: instant,
    changed_at: instant.meta({ description: 'The newest fact behind the figures' }),
    resolved_at: instant.nullable(),
    answered_at: instant.nullable(),
    answered_by: z
      .string()
      .nullable()
      .meta({ examples: ['user:01931b6e-3c00-7a00-8000-000000000006'] }),
    comment: z
      .string()
      .nullable()
      .meta({ examples: ['ordered this morning'] }),
    snoozed_until: date.nullable(),
  })
  .meta({ id: 'Insight' });

const tag = 'Insights';

export const listInsights = operation({
  id: 'listInsights',
  method: 'GET',
  path: '/insights',
  tag,
  summary: 'List insights, most pressing first',
  access: 'insight.read',
  query: pageQuery.extend({
    engine: z
      .string()
      .max(40)
      .optional()
      .meta({ examples: ['stock', 'sales'] }),
    kind: z.string().max(40).optional(),
    subject: z.string().max(80).optional(),
    state: z.enum(INSIGHT_STATES).default('open'),
  }),
  response: page(insight),
});

export const insightHitRates = operation({
  id: 'insightHitRates',
  method: 'GET',
  path: '/insights/hit-rates',
  tag,
  summary: 'How often past insights were right, by engine and kind',
  description: 'Of the insights answered for good: done ÷ (done + wrong).',
  access: 'insight.read',
  response: z.object({
    data: z.array(
      z.object({
        engine: z.string().meta({ examples: ['stock'] }),
        kind: z.string().meta({ examples: ['rupture'] }),
        done: z.int(),
        wrong: z.int(),
        hit_rate_percent: z.string().meta({ examples: ['87.5'] }),
      }),
    ),
  }),
});

export const getInsight = operation({
  id: 'getInsight',
  method: 'GET',
  path: '/insights/:id',
  tag,
  summary: 'Read one insight',
  access: 'insight.read',
  params: idParams,
  response: insight,
});

const answer = {
  method: 'POST',
  tag,
  status: 200,
  access: 'insight.answer',
  params: idParams,
  body: z
    .strictObject({
      comment: text(500)
        .optional()
        .meta({ examples: ['ordered this morning'] }),
    })
    .default({}),
  response: insight,
  errors: ['insight_not_found', 'invalid_transition'],
} as const;

export const insightDone = operation({
  ...answer,
  id: 'insightDone',
  path: '/insights/:id/done',
  summary: 'The store acted on it',
  description: 'Stays quiet until the situation is a new one.',
});

export const insightNotNow = operation({
  ...answer,
  id: 'insightNotNow',
  path: '/insights/:id/not-now',
  summary: 'Not now: shown again in seven days if it still holds',
});

export const insightWrong = operation({
  ...answer,
  id: 'insightWrong',
  path: '/insights/:id/wrong',
  summary: 'It does not hold',
  description: 'Stays quiet until its figure has moved by more than a quarter.',
});
