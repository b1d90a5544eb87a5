/**
 * An engine states which insights the subjects that it has just reviewed should have; this use case opens, changes and
 * resolves rows until they agree. One read and two writes for any number of subjects. The caller holds a lock that keeps
 * others from reviewing the same subjects at the same time.
 */
import type { CrossTenantTransaction } from '#platform/database/crossing';
import {
  lockInsights,
  resolveInsights,
  showInsights,
  type ShownInsight,
  type StoredRow,
} from '../../data/reconciliation.js';
import { type DesiredInsight, insightId, type ReviewedSubject } from '../../domain/insight.js';
import { verdictOn } from '../../domain/reconcile.js';

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
  for (const row of await tx.query(lockInsights(engine, [...reviewed.values()])))
    caseOf(cases, row.tenant_id, row).stored.push(row);
  for (const wish of desired) caseOf(cases, wish.tenant, wish).desired = wish;

  const shown: ShownInsight[] = [];
  const ended: { tenant: string; id: string; at: Date }[] = [];
  let opened = 0;
  for (const { tenant, kind, subject, stored, desired: wish } of cases.values()) {
    const { at, today } = reviewed.get(`${tenant} ${subject}`)!;
    const verdict = verdictOn(stored, wish, today);
    if (verdict.type === 'keep') continue;
    const id = insightId(tenant, engine, kind, subject, verdict.episode);
    if (verdict.type === 'resolve') ended.push({ tenant, id, at });
    else {
      shown.push({ ...wish!, id, episode: verdict.episode, at });
      if (verdict.isNew) opened += 1;
    }
  }
  const written = shown.length === 0 ? 0 : await tx.execute(showInsights(engine, shown));
  const closed = ended.length === 0 ? 0 : await tx.execute(resolveInsights(ended));
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
