import { type Row, type Sql, sql } from '#platform/database';
import type { Figures, InsightAction, InsightState } from '../domain/insight.js';

export type InsightRow = Row<
  'insights',
  | 'id'
  | 'engine'
  | 'kind'
  | 'subject'
  | 'priority'
  | 'worth_minor'
  | 'worth_currency'
  | 'opened_at'
  | 'changed_at'
  | 'resolved_at'
  | 'answered_at'
  | 'answered_by'
  | 'comment'
  | 'snoozed_until'
  | 'version',
  { state: InsightState; figures: Figures; action: InsightAction }
>;

export interface InsightFilter {
  readonly engine: string | undefined;
  readonly kind: string | undefined;
  readonly subject: string | undefined;
  readonly state: InsightState;
}

/** Most pressing first; the id settles ties, so that a page never repeats a row. */
export const insightPage = (
  filter: InsightFilter,
  after: { priority: number; id: string },
  limit: number,
): Sql<InsightRow> => sql`
  select id, engine, kind, subject, state, priority, figures, worth_minor, worth_currency, action, opened_at, changed_at,
         resolved_at, answered_at, answered_by, comment, snoozed_until, version
    from insights
   where tenant_id = app.current_tenant() and state = ${filter.state}
     and (priority, id) < (${after.priority}, ${after.id}::uuid)
     and (${filter.engine ?? null}::text is null or engine = ${filter.engine ?? null})
     and (${filter.kind ?? null}::text is null or kind = ${filter.kind ?? null})
     and (${filter.subject ?? null}::text is null or subject = ${filter.subject ?? null})
   order by priority desc, id desc limit ${limit + 1}`;

export const insightById = (id: string): Sql<InsightRow> => sql`
  select id, engine, kind, subject, state, priority, figures, worth_minor, worth_currency, action, opened_at, changed_at,
         resolved_at, answered_at, answered_by, comment, snoozed_until, version
    from insights where tenant_id = app.current_tenant() and id = ${id}`;

export const answerCounts = (): Sql<Row<'insights', 'engine' | 'kind'> & { done: bigint; wrong: bigint }> => sql`
  select engine, kind, count(*) filter (where state = 'done') as done, count(*) filter (where state = 'wrong') as wrong
    from insights
   where tenant_id = app.current_tenant() and state in ('done', 'wrong')
   group by engine, kind order by engine, kind`;
