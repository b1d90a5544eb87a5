/**
 * An engine says, for the subjects it has just looked at, which insights there should be; this makes it so. Two reads and
 * writes for any number of subjects. The caller keeps others from reviewing the same subjects at the same time.
 */
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { lockInsights, resolveInsights, showInsights, type ShownInsight, type StoredRow } from '../data/insights.js';
import { type DesiredInsight, insightId, type ReviewedSubject } from '../domain/insight.js';
import { judge } from '../domain/reconcile.js';

export interface Reconciled {
  readonly opened: number;
  readonly changed: number;
  readonly closed: number;
}

export async function reconcileInsights(
  tx: CrossTenantTransaction,
  engine: string,
  subjects: readonly ReviewedSubject[],
  desired: readonly DesiredInsight[],
): Promise<Reconciled> {
  if (subjects.length === 0) return { opened: 0, changed: 0, closed: 0 };
  const reviewed = new Map(subjects.map((subject) => [`${subject.tenant} ${subject.subject}`, subject]));
  const cases = new Map<string, Case>();
  for (const row of await lockInsights(tx, engine, [...reviewed.values()]))
    caseOf(cases, row.tenant_id, row).stored.push(row);
  for (const wish of desired) caseOf(cases, wish.tenant, wish).desired = wish;

  const shown: ShownInsight[] = [];
  const ended: { tenant: string; id: string; at: Date }[] = [];
  let opened = 0;
  for (const { tenant, kind, subject, stored, desired: wish } of cases.values()) {
    const { at, today } = reviewed.get(`${tenant} ${subject}`)!;
    const verdict = judge(stored, wish, today);
    if (verdict.type === 'keep') continue;
    const id = insightId(tenant, engine, kind, subject, verdict.episode);
    if (verdict.type === 'resolve') ended.push({ tenant, id, at });
    else {
      shown.push({ ...wish!, id, episode: verdict.episode, at });
      if (verdict.isNew) opened += 1;
    }
  }
  const written = await showInsights(tx, engine, shown);
  const closed = await resolveInsights(tx, ended);
  return { opened, changed: written - opened, closed };
}

interface Case {
  readonly tenant: string;
  readonly kind: string;
  readonly subject: string;
  readonly stored: StoredRow[];
  desired: DesiredInsight | undefined;
}

function caseOf(cases: Map<string, Case>, tenant: string, of: { kind: string; subject: string }): Case {
  const key = `${tenant} ${of.subject} ${of.kind}`;
  let found = cases.get(key);
  if (!found) cases.set(key, (found = { tenant, kind: of.kind, subject: of.subject, stored: [], desired: undefined }));
  return found;
}
