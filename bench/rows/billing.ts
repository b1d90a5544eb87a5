/** The billing passes, each started as a process, as cron does; the figures include the start. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import pg from 'pg';
import { atMostSeconds, type Figure, type Row, thousands } from '../row.js';
import { asOwner, SECRETS, type Stage } from '../stage.js';

const SIZES = [1_000, 10_000, 100_000];
const CATCH_UP = { tenants: 1_000, periods: 14, usageRows: 500_000 };
const ASKED_IDLE_SECONDS = 20;
const ASKED_CATCH_UP_SECONDS = 12;
/** Rows of usage per tenant and period where a pass has something to bill. */
const USES = 10;

export const billing: Row = {
  name: 'billing',
  title: 'The billing passes over many tenants',
  async run(stage) {
    const figures: Figure[] = [];
    const idle: number[] = [];
    const busy: number[] = [];
    for (const tenants of SIZES) {
      const url = await stage.database(`billing_${tenants}`);
      await asOwner(url, (owner) => fill(owner, { tenants, periods: 1, usageRows: tenants * USES }));
      const seconds = await pass(url, 'billing-overage');
      busy.push(tenants / seconds);
      await expectBilled(url, tenants);
      idle.push(await pass(url, 'billing'));
      await stage.clear();
    }
    const figure = (work: string, per: readonly number[]) => ({
      work,
      ours: SIZES.map((size, place) => `${thousands(size)}: ${thousands(per[place]!)}/s`).join(', '),
    });
    const idleRates = SIZES.map((size, place) => size / idle[place]!);
    figures.push({
      ...figure(
        `A busy pass, tenants per second: one period of ${USES} uses each is rated, invoiced and numbered`,
        busy,
      ),
      against: `itself with ${thousands(SIZES[0]!)} tenants`,
      ratio: (busy.at(-1)! / busy[0]!).toFixed(2),
    });
    figures.push({
      ...figure('An idle pass (all three of them), tenants per second', idleRates),
      against: `${thousands(SIZES.at(-1)!)} idle tenants in ${idle.at(-1)!.toFixed(1)} s, ${idle[0]!.toFixed(1)} s of which is the start`,
      ...atMostSeconds(idle.at(-1)!, ASKED_IDLE_SECONDS),
    });
    figures.push(await catchUp(stage));
    return figures;
  },
};

async function catchUp(stage: Stage): Promise<Figure> {
  const url = await stage.database('billing_catch_up');
  await asOwner(url, (owner) => fill(owner, CATCH_UP));
  const seconds = await pass(url, 'billing-overage');
  await expectBilled(url, CATCH_UP.tenants * CATCH_UP.periods);
  const rate = (CATCH_UP.tenants * CATCH_UP.periods) / seconds;
  return {
    work: `Catching up after an outage: ${thousands(CATCH_UP.tenants)} tenants × ${CATCH_UP.periods} periods, ${thousands(CATCH_UP.usageRows)} rows of usage`,
    ours: `${seconds.toFixed(1)} s`,
    against: `${thousands(rate)} invoices a second`,
    ...atMostSeconds(seconds, ASKED_CATCH_UP_SECONDS),
  };
}

/** Tenants whose subscription began `periods` months and a day ago; usage is spread evenly over that time. */
async function fill(owner: pg.Client, { tenants, periods, usageRows }: typeof CATCH_UP): Promise<void> {
  const plan = '01931b6e-3c00-7a00-8000-0000000000ff';
  await owner.query(`
    insert into billing_plan_versions (id, code, version, currency, base_minor, interval_months, review_hours, due_days, created_at, created_by)
    values ('${plan}', 'standard', 1, 'BRL', 19900, 1, 0, 7, now(), 'bench');
    insert into billing_plan_meters (plan_id, meter, included, price_micro) values ('${plan}', 'orders', 20, 10000000), ('${plan}', 'quotes', 20, 5000000);
    create temporary table made as
      select n, gen_random_uuid() as tenant, gen_random_uuid() as subscription,
             date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' - interval '${periods} months 1 day' as start
        from generate_series(0, ${tenants - 1}) as n;
    insert into billing_accounts (tenant_id, slug, legal_name, locale, time_zone, currency)
    select tenant, 'store-' || n, 'Store', 'pt-BR', 'UTC', 'BRL' from made;
    insert into billing_subscriptions (tenant_id, id, anchor_on, interval_months, started_at, due_at)
    select tenant, subscription, (start at time zone 'UTC')::date, 1, start, start from made;
    insert into billing_plan_assignments (tenant_id, subscription_id, from_at, plan_id, assigned_at, assigned_by)
    select tenant, subscription, start, '${plan}', start, 'bench' from made;
    insert into billing_usage_events (tenant_id, transaction_id, meter, occurred_at, received_at, subject, quantity, payload_hash)
    select m.tenant, gen_random_uuid(), case u % 2 when 0 then 'orders' else 'quotes' end,
           m.start + (now() - interval '2 days' - m.start) * (u::float8 / ${usageRows / tenants}), now(), '', 1, '\\x00'
      from made m cross join generate_series(0, ${usageRows / tenants - 1}) as u`);
  await owner.query('analyze');
}

async function expectBilled(url: string, invoices: number): Promise<void> {
  const found = await asOwner(url, async (owner) => {
    const { rows } = await owner.query<{ count: number }>(`select count(*)::int from billing_invoices`);
    return rows[0]!.count;
  });
  if (found !== invoices) throw new Error(`${found} invoices were made instead of ${invoices}`);
}

/** Seconds from starting the process to its end. */
async function pass(url: string, name: string): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['dist/apps/engines-worker/main.js', 'run', name], {
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_ENV: 'production',
      ...SECRETS,
      DATABASE_URL: url,
      REDIS_URL: 'redis://127.0.0.1:1',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number];
  if (code !== 0) throw new Error(`engines run ${name} ended with ${code}`);
  return (performance.now() - startedAt) / 1_000;
}
