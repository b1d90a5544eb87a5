/**
 * The demo’s billing: a plan, and one store in each access state. The passes themselves bring the stores there, with
 * clocks of the past.
 *
 *   days ago   95 ─── argila, telhado begin ── 64 billed, warned ── 56 suspended ── 20 telhado closed ── now
 *              40 ─── acme, bolt begin ─────── 9 billed ── 8 acme pays
 *              33 ─── cumeeira begins ──────── 2 billed, warned                       now ── brita tries
 */
import {
  BILLING_PASSES,
  billingEngine,
  confirmClosing,
  createPlan,
  recordMovement,
  startSubscription,
} from '#engines/billing';
import { sql } from '#platform/database';
import { CrossTenantDatabase, type CrossTenantTransaction } from '#platform/database/crossing';

const ACTOR = 'system:seed';
const PLAN = {
  code: 'padrao',
  currency: 'BRL',
  basePrice: '199.00',
  intervalMonths: 1,
  trialDays: 0,
  reviewHours: 24,
  dueDays: 0,
  tolerance: '0',
  minimumCharge: '5.00',
  meters: ['orders=1000@0.10', 'quotes=2000@0.05', 'active_users=20@9.90'],
  softBp: 12_000,
  hardBp: 15_000,
} as const;
const TRIAL_DAYS = 14;

export interface BillingStory {
  readonly url: string;
  /** Ids of the stores by slug. */
  readonly stores: ReadonlyMap<string, string>;
}

export async function seedBilling({ url, stores }: BillingStory): Promise<void> {
  const on = <Result>(
    daysAgo: number,
    role: 'operator' | 'engines',
    work: (database: CrossTenantDatabase) => Promise<Result>,
  ) => atDaysAgo(url, daysAgo, role, work);
  const known = await on(0, 'operator', (database) =>
    database.first(sql`select 1 from billing_plan_versions where code = ${PLAN.code}`),
  );
  if (known) return;
  await on(0, 'engines', (database) => database.transaction((tx) => hearOfStores(tx, [...stores.values()])));
  await on(0, 'operator', (database) =>
    database.transaction(async (tx) => {
      await createPlan(tx, ACTOR, PLAN);
      await createPlan(tx, ACTOR, { ...PLAN, code: 'experimente', trialDays: TRIAL_DAYS });
    }),
  );
  const begin = (daysAgo: number, slug: string, plan: string = PLAN.code) =>
    on(daysAgo, 'operator', (database) =>
      database.transaction((tx) =>
        startSubscription(tx, ACTOR, {
          tenant: stores.get(slug)!,
          plan: { code: plan, version: undefined },
          anchorOn: undefined,
        }),
      ),
    );
  const pass = (daysAgo: number) => on(daysAgo, 'engines', runPasses);

  await begin(95, 'argila');
  await begin(95, 'telhado');
  await pass(62);
  await pass(54);
  await on(53, 'operator', (database) => database.transaction((tx) => confirmClosing(tx, stores.get('telhado')!)));
  await begin(40, 'acme');
  await begin(40, 'bolt');
  await begin(36, 'cumeeira');
  await pass(20);
  await pass(8);
  await on(7, 'operator', (database) => payFirstInvoice(database, stores.get('acme')!));
  await on(7, 'operator', (database) => payFirstInvoice(database, stores.get('bolt')!));
  await begin(0, 'brita', 'experimente');
  await pass(2);
  process.stdout.write(`seed: plan ${PLAN.code}, and a store in each access state\n`);
}

async function atDaysAgo<Result>(
  url: string,
  daysAgo: number,
  role: 'operator' | 'engines',
  work: (database: CrossTenantDatabase) => Promise<Result>,
): Promise<Result> {
  const database = new CrossTenantDatabase({
    url,
    role: `basecommerce_${role}`,
    application: 'seed billing',
    clockOffset: `-${daysAgo} days`,
  });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** The worker will receive these events as well, a little later; an account is opened only once. */
async function hearOfStores(tx: CrossTenantTransaction, tenants: readonly string[]): Promise<void> {
  const rows = await tx.query<{ envelope: string }>(sql`
    select app.event_envelope(o) as envelope from outbox_events o
     where o.tenant_id = any(${tenants}::uuid[]) and o.aggregate in ('tenant', 'user') order by o.seq`);
  await billingEngine.apply(
    tx,
    rows.map(({ envelope }) => JSON.parse(envelope) as Parameters<typeof billingEngine.apply>[1][number]),
  );
}

/** Runs the passes that cron would have run that day. The demo has no mail server: its notices count as sent. */
async function runPasses(database: CrossTenantDatabase): Promise<void> {
  for (const name of ['billing-overage', 'billing-grace']) {
    const pass = BILLING_PASSES.find((candidate) => candidate.name === name)!;
    const context = {
      database,
      settings: {} as never,
      asOf: undefined,
      tenant: undefined,
      isDryRun: false,
      isReplayForced: true,
    };
    for await (const event of pass.run(context)) {
      if (event.kind === 'parked') throw new Error(`seed: ${event.reason}`);
    }
  }
  await database.execute(sql`update billing_notices set handed_over_at = app.now() where handed_over_at is null`);
}

async function payFirstInvoice(database: CrossTenantDatabase, tenant: string): Promise<void> {
  await database.transaction(async (tx) => {
    const invoice = await tx.first<{ id: string; amount: string; number: bigint }>(sql`
      select id, (total_minor / 100.0)::numeric(12,2)::text as amount, number from billing_invoices
       where tenant_id = ${tenant} and status = 'issued' order by number limit 1`);
    if (!invoice) return;
    await recordMovement(tx, ACTOR, 'payment', {
      ...{ tenant, invoice: invoice.id, amount: invoice.amount, means: 'pix', reference: `PIX-${invoice.number}` },
      ...{ at: undefined, reason: 'seen on the account’s statement' },
    });
  });
}
