/**
 * The effects of the recovery fence for an operator: in the console and the command, at the mail server and at the
 * payment provider.
 */
import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SMTPServer } from 'smtp-server';
import supertest from 'supertest';
import { BILLING_PASSES } from '#engines/billing/worker';
import { newId } from '#kernel';
import { readSettings, type Settings } from '#platform/config';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { createHttpApp } from '#platform/http/server';
import type { PassEvent } from '#platform/inbox';
import { StripeStub, WEBHOOK_SECRET } from '#testing/stripe-stub/index';
import { doctor } from '../../apps/basecommerce/doctor.js';
import { sealSecrets } from '../../libs/engines/billing/collection/providers/configured.js';
import { stripeProvider } from '../../libs/engines/billing/collection/providers/stripe.js';
import { chargeDueInvoices } from '../../libs/engines/billing/collection/usecases/charge-invoice.js';
import { reconcileAttempts } from '../../libs/engines/billing/collection/usecases/reconcile-attempts.js';
import { VerticalModule } from '../../apps/vertical/app.module.js';
import { Books } from '../billing/books.js';

const KEY = 'mk-3f9Q7xW2bZ8vK1nR5tY6uJ0pL4sD7cE';
const DAY = 86_400_000;

let books: Books;
let settings: Settings;
let operator: CrossTenantDatabase;
let app: NestFastifyApplication;
let post: SMTPServer;
let mails: number;

beforeAll(async () => {
  books = await Books.open();
  post = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) => {
      stream.resume().on('end', () => {
        mails += 1;
        done();
      });
    },
  });
  await new Promise<void>((resolve) => post.listen(0, '127.0.0.1', resolve));
  settings = readSettings('vertical', {
    NODE_ENV: 'test',
    DATABASE_URL: books.server.url,
    REDIS_URL: process.env['TEST_REDIS_URL'] ?? 'redis://127.0.0.1:1',
    SECRET_KEY: 'sk-8Hq2Lw9Zx4Rt7Vb1Nm5Kp3Js6Gd0FaXy',
    MANAGEMENT_API_KEY: KEY,
    ENCRYPTION_KEY: 'ek-5Tg8Yh1Uj4Ik7Ol2Pm9Qa3Ws6Ed0RfZu',
    SMTP_URL: `smtp://127.0.0.1:${(post.server.address() as AddressInfo).port}`,
    MAIL_FROM: 'billing@operator.example',
    LOG_LEVEL: 'silent',
    METRICS_ENABLED: 'false',
  });
  operator = new CrossTenantDatabase({ url: books.server.url, role: 'basecommerce_operator', application: 'test' });
  app = await createHttpApp(VerticalModule.with(settings, []), settings);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
});
afterAll(async () => {
  await app.close();
  await operator.close();
  await new Promise<void>((resolve) => post.close(() => resolve()));
  await books.close();
});
beforeEach(async () => {
  mails = 0;
  await books.rows(
    `update recovery_state set fenced_at = null, fenced_by = null, fenced_because = null, lineage = app.database_lineage()`,
  );
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function ask(method: 'get' | 'post', path: string, body?: object, isDryRun = false): Promise<Answer> {
  const request = supertest(app.getHttpServer())[method](`/operator/v1/recovery${path}`);
  const headers = {
    host: 'console.localhost',
    authorization: `Bearer ${KEY}`,
    ...(isDryRun ? { 'x-dry-run': 'true' } : {}),
  };
  const { status, body: answer } = await (body ? request.set(headers).send(body) : request.set(headers));
  return { status, body: answer as Record<string, unknown> };
}

const fence = () => ask('post', '/fence', { reason: 'restored to noon' });
const confirm = () => ask('post', '/confirm', { reason: 'compared with the bank' });
/** The state of a restored copy before an operator has confirmed it. */
const restoredByHand = () => books.rows(`update recovery_state set lineage = 'another/00000001/5'`);

async function run(name: string): Promise<PassEvent[]> {
  const events: PassEvent[] = [];
  const pass = BILLING_PASSES.find((each) => each.name === name)!;
  const context = { asOf: undefined, tenant: undefined, isDryRun: false, isReplayForced: false };
  for await (const event of pass.run({ ...context, database: books.engines, settings })) events.push(event);
  return events;
}

async function debtor(): Promise<string> {
  const plan = await books.plan({ base: 19_900n, meters: {} });
  const { tenant } = await books.tenant({ plan, startsAt: new Date(Date.now() - 40 * DAY) });
  for await (const event of BILLING_PASSES.find(({ name }) => name === 'billing-overage')!.run({
    database: books.engines,
    settings: { ...settings, SMTP_URL: undefined },
    asOf: undefined,
    tenant,
    isDryRun: false,
    isReplayForced: false,
  }))
    expect(event.kind).not.toBe('parked');
  return tenant;
}

describe('the operator', () => {
  it('sees the cause, decides with a reason, and finds both in the audit', async () => {
    expect((await ask('get', '')).body).toMatchObject({ epoch: 1, is_fenced: false, fenced_because: null });
    expect((await confirm()).body['code']).toBe('recovery_not_fenced');
    expect((await ask('post', '/fence', {})).body['code']).toBe('validation_failed');
    const fenced = await fence();
    expect(fenced).toMatchObject({
      status: 200,
      body: { epoch: 1, is_fenced: true, fenced_because: 'restored to noon' },
    });
    expect((await fence()).body['code']).toBe('recovery_fenced_already');
    expect((await confirm()).body).toMatchObject({ epoch: 2, is_fenced: false });
    const acts = await books.rows<{ action: string; reason: string; details: object }>(
      `select action, reason, details from operator_audit_entries order by id desc limit 2`,
    );
    expect(acts).toMatchObject([
      { action: 'recovery.confirm', reason: 'compared with the bank', details: { fenced_because: 'restored to noon' } },
      { action: 'recovery.fence', reason: 'restored to noon' },
    ]);
  });

  it('can run a confirmation as a dry run, and the fence stays up', async () => {
    await restoredByHand();
    expect((await fence()).body).toMatchObject({ is_fenced: true, fenced_because: 'restored to noon' });
    const { epoch } = (await ask('get', '')).body as { epoch: number };
    expect((await ask('post', '/confirm', { reason: 'try' }, true)).body).toMatchObject({
      epoch: epoch + 1,
      is_fenced: false,
    });
    expect((await ask('get', '')).body).toMatchObject({ epoch, is_fenced: true });
  });

  it('cannot confirm a database whose outbox no relay can read', async () => {
    await books.rows(`alter table outbox_events no force row level security`);
    await books.rows(
      `insert into outbox_events (recorded_on, tenant_id, id, xid, type, schema_version, aggregate, aggregate_id, aggregate_version, occurred_at, actor, data)
       values (current_date, $1, $2, '900000000000', 'x', 1, 'stock', $1, 1, now(), 'x', '{}')`,
      [newId(), newId()],
    );
    await fence();
    expect((await confirm()).body['code']).toBe('recovery_outbox_ahead');
    await books.rows(`delete from outbox_events where xid = '900000000000'`);
    await books.rows(`alter table outbox_events force row level security`);
    expect((await confirm()).status).toBe(200);
  });

  it('sees it red in the overview', async () => {
    await restoredByHand();
    const written: string[] = [];
    const write = process.stdout.write.bind(process.stdout);
    process.stdout.write = (text) => Boolean(written.push(String(text)));
    const exit = await doctor(settings, true).finally(() => (process.stdout.write = write));
    const findings = JSON.parse(written.join('')) as { light: string; what: string; says: string }[];
    expect(exit).toBe(1);
    expect(findings.find(({ what }) => what === 'recovery')).toMatchObject({
      light: 'red',
      says: expect.stringContaining('restored or promoted copy') as string,
    });
  });
});

describe('while it is fenced', () => {
  it('no mail is sent, the pass reports it, and each is sent once afterwards', async () => {
    const tenant = await debtor();
    await restoredByHand();
    const events = await run('billing-grace');
    expect(mails).toBe(0);
    expect(events).toContainEqual({
      kind: 'failed',
      facts: { recovery: 'fenced', reason: expect.stringContaining('restored or promoted copy') as string },
    });
    const notices = () =>
      books.rows(`select attempts, handed_over_at is not null as is_out from billing_notices where tenant_id = $1`, [
        tenant,
      ]);
    expect(await notices()).toEqual([{ attempts: 0, is_out: false }]);
    await confirm();
    await run('billing-grace');
    await run('billing-grace');
    expect(mails).toBe(1);
    expect(await notices()).toEqual([{ attempts: 1, is_out: true }]);
  });

  it('nothing is charged, not even a charge that had begun, and each is charged once afterwards', async () => {
    const tenant = await debtor();
    const stub = await StripeStub.start({ clock: () => Date.now(), searchLagMs: 0 });
    const provider = stripeProvider({ apiKey: 'sk_test_stub', webhookSecret: WEBHOOK_SECRET, endpoint: stub.endpoint });
    try {
      await books.rows(
        `insert into billing_payment_methods (tenant_id, id, provider, provider_ref, label, is_default, added_at)
         values ($1, $2, 'stripe', 'cus_1/pm_1', 'Visa', true, now())`,
        [tenant, newId()],
      );
      const [{ id: invoice }] = (await books.rows<{ id: string }>(
        `select id from billing_invoices where tenant_id = $1 and status = 'issued' limit 1`,
        [tenant],
      )) as [{ id: string }];
      const charge = async () => {
        const outcomes: string[] = [];
        const due = { asOf: new Date(), tenant, limit: 10 };
        for await (const one of chargeDueInvoices(books.engines, provider, due))
          outcomes.push('error' in one ? (one.error as { code: string }).code : one.outcome);
        return outcomes;
      };
      await restoredByHand();
      expect(await charge()).toEqual(['recovery_fenced']);
      expect(await books.rows(`select from billing_payment_attempts where tenant_id = $1`, [tenant])).toEqual([]);
      await confirm();
      stub.isDown = true;
      expect(await charge()).toEqual(['unknown']);
      stub.isDown = false;
      // A charge with an unknown outcome is not sent again either.
      await restoredByHand();
      const settled: string[] = [];
      for await (const one of reconcileAttempts(books.engines, provider, { tenant, limit: 10 }))
        settled.push('error' in one ? (one.error as { code: string }).code : one.outcome);
      expect(settled).toEqual(['recovery_fenced']);
      expect(stub.ledger.chargesOf(invoice)).toEqual([]);
      await confirm();
      for await (const _ of reconcileAttempts(books.engines, provider, { tenant, limit: 10 }));
      await charge();
      expect(stub.ledger.chargesOf(invoice)).toHaveLength(1);
    } finally {
      await stub.stop();
    }
  });

  it('a pass with a provider calls no one and fails in one line', async () => {
    await debtor();
    const sealed = sealSecrets(settings, 'stripe', { key: 'sk_test_unused', webhookSecret: WEBHOOK_SECRET });
    await books.rows(
      `insert into billing_providers (name, sealed_key, sealed_webhook_secret, added_at, added_by) values ('stripe', $1, $2, now(), 'test')`,
      [sealed.key, sealed.webhookSecret],
    );
    await fence();
    for (const name of ['billing-overage', 'billing-reconcile']) {
      const failures = (await run(name)).filter(({ kind }) => kind === 'failed');
      expect(failures).toEqual([{ kind: 'failed', facts: { recovery: 'fenced', reason: 'restored to noon' } }]);
    }
    await books.rows(`delete from billing_providers`);
  });
});
