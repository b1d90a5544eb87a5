import { insightAnswered } from '#contracts/insights/events';
import { type Row, sql, type TenantTransaction } from '#platform/database';
import { emit } from '#platform/outbox';
import type { InsightRow } from '../data/insights.js';
import { answers, type InsightAnswer, type InsightState, SNOOZE_DAYS } from '../domain/insight.js';
import { errors } from '../errors.js';

export interface AnswerInsight {
  readonly id: string;
  readonly answer: InsightAnswer;
  readonly comment: string | null;
}

/** Throws `insight_not_found` or `invalid_transition`. */
export async function answerInsight(tx: TenantTransaction, input: AnswerInsight): Promise<InsightRow> {
  const before = await tx.first(sql<Row<'insights', never, { state: InsightState }>>`
    select state from insights where tenant_id = ${tx.tenant} and id = ${input.id} for update`);
  if (!before) throw errors.insight_not_found();
  answers.assert(before.state, input.answer);
  const isSnoozed = input.answer === 'not_now';
  const row = (await tx.first(sql<InsightRow>`
    update insights
       set state = ${input.answer}, answered_at = app.now(), answered_by = ${tx.actor.id}, comment = ${input.comment},
           snoozed_until = case when ${isSnoozed} then (app.now() at time zone 'UTC')::date + ${SNOOZE_DAYS}::int end,
           version = version + 1
     where tenant_id = ${tx.tenant} and id = ${input.id}
    returning id, engine, kind, subject, state, priority, figures, worth_minor, worth_currency, action, opened_at, changed_at,
              resolved_at, answered_at, answered_by, comment, snoozed_until, version`))!;
  emit(
    tx,
    insightAnswered,
    { id: row.id, version: row.version },
    {
      insight_id: row.id,
      engine: row.engine,
      kind: row.kind,
      subject: row.subject,
      answer: input.answer,
      comment: input.comment,
    },
  );
  return row;
}
