/** The store answers, the engine looks again: what comes back and what stays quiet. On a real database, with its roles. */
import { newId, tenantId } from '#kernel';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { sql, TenantDatabase, type TenantScope } from '#platform/database';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { insightById, insightPage } from './data/insights.js';
import { type DesiredInsight, insightId } from './domain/insight.js';
import { answerInsight } from './usecases/answer-insight.js';
import { reconcileInsights } from './usecases/worker/reconcile-insights.js';

let database: TestDatabase;
let engines: CrossTenantDatabase;
let store: TenantDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  engines = new CrossTenantDatabase({ url: database.url, role: 'basecommerce_engines', application: 'insights-spec' });
  store = new TenantDatabase({ url: database.url, application: 'insights-spec' });
});

afterAll(async () => {
  await Promise.all([engines.close(), store.close()]);
  await database.drop();
});

let tenant: string;
let scope: TenantScope;
const subject = 'product/01931b6e-3c00-7a00-8000-000000000001';

beforeEach(() => {
  tenant = newId();
  scope = { tenant: tenantId(tenant), actor: { id: 'user:spec' } };
});

const today = () => new Date().toISOString().slice(0, 10);

function wish(changes: Partial<DesiredInsight> = {}): DesiredInsight {
  return {
    tenant,
    kind: 'replenishment',
    subject,
    figures: { suggestion: '40' },
    worth: { minor: 128_000n, currency: 'BRL' },
    action: { type: 'create_purchase', quantity: '40' },
    priority: 70,
    basis: '1',
    measure: '40',
    quietDays: 30,
    ...changes,
  };
}

const review = (desired: DesiredInsight[], on = today()) =>
  engines.transaction((tx) =>
    reconcileInsights(tx, 'stock', [{ tenant, subject, at: new Date('2026-11-20T12:00:00Z'), today: on }], desired),
  );

const states = () =>
  engines.query(
    sql<{
      episode: number;
      state: string;
    }>`select episode, state from insights where tenant_id = ${tenant} order by episode`,
  );

const id = (episode = 1) => insightId(tenant, 'stock', 'replenishment', subject, episode);

const answer = (reply: 'done' | 'not_now' | 'wrong', episode = 1) =>
  store.transaction(scope, (tx) => answerInsight(tx, { id: id(episode), answer: reply, comment: 'said so' }));

describe('an insight', () => {
  it('opens, changes with its figures, resolves itself, and comes back under the same id', async () => {
    expect(await review([wish()])).toEqual({ opened: 1, changed: 0, closed: 0 });
    expect(await review([wish()])).toEqual({ opened: 0, changed: 0, closed: 0 });
    expect(await review([wish({ figures: { suggestion: '41' } })])).toEqual({ opened: 0, changed: 1, closed: 0 });
    expect(await review([])).toEqual({ opened: 0, changed: 0, closed: 1 });
    expect(await states()).toEqual([{ episode: 1, state: 'resolved' }]);
    expect(await review([wish()])).toEqual({ opened: 1, changed: 0, closed: 0 });
    expect(await states()).toEqual([{ episode: 1, state: 'open' }]);
  });

  it('stays quiet once done, until goods have come and the reason is back', async () => {
    await review([wish()]);
    await answer('done');
    await review([wish({ measure: '80' })]);
    expect(await states()).toEqual([{ episode: 1, state: 'done' }]);
    await review([wish({ basis: '2' })]);
    expect(await states()).toEqual([
      { episode: 1, state: 'done' },
      { episode: 2, state: 'open' },
    ]);
  });

  it('believes done for its quiet days only', async () => {
    await review([wish()]);
    await answer('done');
    await review([wish()], '2999-01-01');
    expect(await states()).toEqual([
      { episode: 1, state: 'done' },
      { episode: 2, state: 'open' },
    ]);
  });

  it('stays quiet after wrong until the figure moved by more than a quarter', async () => {
    await review([wish()]);
    await answer('wrong');
    await review([wish({ measure: '50', basis: '9' })]);
    expect(await states()).toEqual([{ episode: 1, state: 'wrong' }]);
    await review([wish({ measure: '50.1' })]);
    expect(await states()).toEqual([
      { episode: 1, state: 'wrong' },
      { episode: 2, state: 'open' },
    ]);
  });

  it('comes back a week after not now', async () => {
    await review([wish()]);
    await answer('not_now');
    await review([wish()]);
    expect(await states()).toEqual([{ episode: 1, state: 'not_now' }]);
    const inAWeek = new Date(Date.now() + 8 * 86_400_000).toISOString().slice(0, 10);
    await review([wish()], inAWeek);
    expect(await states()).toEqual([{ episode: 1, state: 'open' }]);
  });

  it('says each answer once, in the outbox, with versions 1, 2, …', async () => {
    await review([wish()]);
    await answer('not_now');
    await answer('wrong');
    await expect(answer('done')).rejects.toMatchObject({ code: 'invalid_transition' });
    const seen = await store.read(
      scope,
      sql<{ type: string; aggregate_version: number; data: Record<string, unknown> }>`
      select type, aggregate_version, data from outbox_events where tenant_id = app.current_tenant() order by aggregate_version`,
    );
    expect(seen.map((event) => [event.type, event.aggregate_version, event.data['answer']])).toEqual([
      ['insight.answered', 1, 'not_now'],
      ['insight.answered', 2, 'wrong'],
    ]);
  });

  it('is not there for another tenant', async () => {
    await review([wish()]);
    const stranger: TenantScope = { tenant: tenantId(newId()), actor: { id: 'user:stranger' } };
    expect(await store.read(stranger, insightById(id()))).toEqual([]);
    await expect(
      store.transaction(stranger, (tx) => answerInsight(tx, { id: id(), answer: 'done', comment: null })),
    ).rejects.toMatchObject({ code: 'insight_not_found' });
  });

  it('is listed most pressing first, a page at a time', async () => {
    const kinds = [10, 90, 50, 50].map((priority, index) => wish({ kind: `kind_${index}`, priority }));
    await review(kinds);
    const filter = { engine: 'stock', kind: undefined, subject: undefined, state: 'open' as const };
    const first = await store.read(
      scope,
      insightPage(filter, { priority: 101, id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }, 2),
    );
    expect(first.map((row) => row.priority)).toEqual([90, 50, 50]);
    const last = first[1]!;
    const second = await store.read(scope, insightPage(filter, last, 2));
    expect(second.map((row) => row.priority)).toEqual([50, 10]);
  });
});
