/** Statements of engines, over all tenants that they have just reviewed. */
import { type Column, type Row, type Sql, sql } from '#platform/database';
import type { DesiredInsight, ReviewedSubject } from '../domain/insight.js';
import type { StoredInsight } from '../domain/reconcile.js';

export type StoredRow = StoredInsight &
  Readonly<
    Row<
      'insights',
      'tenant_id' | 'kind' | 'subject' | 'episode' | 'basis' | 'measure',
      { state: StoredInsight['state'] }
    >
  > & { readonly snoozedUntil: Column<'insights', 'snoozed_until'> };

/** Locks the rows, so that an answer given at the same moment is either read here or waits. */
export const lockInsights = (engine: string, subjects: readonly ReviewedSubject[]): Sql<StoredRow> => sql`
    select i.tenant_id, i.kind, i.subject, i.episode, i.state, i.basis, i.measure::text as measure,
           (i.answered_at at time zone 'UTC')::date as "answeredOn", i.snoozed_until as "snoozedUntil"
      from unnest(${subjects.map((s) => s.tenant)}::uuid[], ${subjects.map((s) => s.subject)}::text[]) as r(tenant_id, subject)
      join insights i on i.tenant_id = r.tenant_id and i.engine = ${engine} and i.subject = r.subject
     order by i.tenant_id, i.id
       for update of i`;

export interface ShownInsight extends DesiredInsight {
  readonly id: string;
  readonly episode: number;
  readonly at: Date;
}

/** Opens, reopens and changes. A row that says the same already is not touched. */
export const showInsights = (engine: string, shown: readonly ShownInsight[]): Sql => sql`
    insert into insights as i (tenant_id, id, engine, kind, subject, episode, state, priority, figures, worth_minor,
                               worth_currency, action, basis, measure, opened_at, changed_at)
    select n.tenant_id, n.id, ${engine}, n.kind, n.subject, n.episode, 'open', n.priority, n.figures::jsonb, n.worth_minor,
           n.worth_currency, n.action::jsonb, n.basis, n.measure, n.at, n.at
      from unnest(${shown.map((n) => n.tenant)}::uuid[], ${shown.map((n) => n.id)}::uuid[], ${shown.map((n) => n.kind)}::text[],
                  ${shown.map((n) => n.subject)}::text[], ${shown.map((n) => n.episode)}::int[],
                  ${shown.map((n) => n.priority)}::smallint[], ${shown.map((n) => JSON.stringify(n.figures))}::text[],
                  ${shown.map((n) => n.worth?.minor ?? null)}::bigint[], ${shown.map((n) => n.worth?.currency ?? null)}::text[],
                  ${shown.map((n) => JSON.stringify(n.action))}::text[], ${shown.map((n) => n.basis)}::text[],
                  ${shown.map((n) => n.measure)}::numeric[], ${shown.map((n) => n.at.toISOString())}::timestamptz[])
        as n(tenant_id, id, kind, subject, episode, priority, figures, worth_minor, worth_currency, action, basis, measure, at)
     order by n.tenant_id, n.id
    on conflict (tenant_id, id) do update
       set state = 'open', priority = excluded.priority, figures = excluded.figures, worth_minor = excluded.worth_minor,
           worth_currency = excluded.worth_currency, action = excluded.action, basis = excluded.basis,
           measure = excluded.measure, changed_at = excluded.changed_at, resolved_at = null, snoozed_until = null
     where (i.state, i.priority, i.figures, i.worth_minor, i.worth_currency, i.action, i.basis, i.measure, i.changed_at)
           is distinct from
           ('open', excluded.priority, excluded.figures, excluded.worth_minor, excluded.worth_currency, excluded.action,
            excluded.basis, excluded.measure, excluded.changed_at)`;

export const resolveInsights = (ended: readonly { tenant: string; id: string; at: Date }[]): Sql => sql`
    update insights i set state = 'resolved', resolved_at = r.at
      from unnest(${ended.map((e) => e.tenant)}::uuid[], ${ended.map((e) => e.id)}::uuid[],
                  ${ended.map((e) => e.at.toISOString())}::timestamptz[]) as r(tenant_id, id, at)
     where i.tenant_id = r.tenant_id and i.id = r.id and i.state = 'open'`;
