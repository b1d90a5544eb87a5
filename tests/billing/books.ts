/** Billing on a database of its own: plans, tenants with subscriptions, usage as the consumer writes it, passes as cron runs them. */
import { createHash } from 'node:crypto';
import pg from 'pg';
import { billingEngine } from '#engines/billing/worker';
import type { Envelope } from '#contracts/event';
import { newId } from '#kernel';
import { CrossTenantDatabase } from '#platform/database/crossing';
import type { EnginePass, PassEvent } from '#platform/inbox';
import { createTestDatabase, type TestDatabase } from '#testing/database';

export interface PlanFacts {
  readonly code?: string;
  readonly base: bigint;
  readonly interval?: 1 | 12;
  readonly reviewHours?: number;
  readonly dueDays?: number;
  readonly minimumCharge?: bigint;
  readonly meters: Readonly<
    Record<string, { readonly included: bigint; readonly priceMicro: bigint; readonly billableFrom?: string }>
  >;
}

export interface TenantFacts {
  readonly zone?: string;
  readonly startsAt: Date;
  readonly plan: string;
  readonly anchorOn?: string;
  readonly email?: string | null;
}

export class Books {
  private constructor(
    readonly server: TestDatabase,
    /** The migrating role, which sees every row; for reading only. */
    readonly owner: pg.Pool,
    readonly engines: CrossTenantDatabase,
  ) {}

  static async open(): Promise<Books> {
    const server = await createTestDatabase();
    const owner = new pg.Pool({ connectionString: server.url, max: 2 });
    const engines = new CrossTenantDatabase({
      url: server.url,
      role: 'basecommerce_engines',
      application: 'billing tests',
      maxConnections: 8,
      readsByKey: true,
      statementTimeoutMs: 60_000,
    });
    return new Books(server, owner, engines);
  }

  async close(): Promise<void> {
    await this.engines.close();
    await this.owner.end();
    await this.server.drop();
  }

  /** The same role with a shifted clock: the clock of this pool shows `now` at this moment. */
  at(now: Date): CrossTenantDatabase {
    return new CrossTenantDatabase({
      url: this.server.url,
      role: 'basecommerce_engines',
      application: 'billing tests at another time',
      maxConnections: 8,
      readsByKey: true,
      clockOffset: `${now.getTime() - Date.now()} milliseconds`,
    });
  }

  async rows<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.owner.query(text, [...values])).rows as Row[];
  }

  async plan({ code = `p-${newId()}`, base, interval = 1, meters, ...rest }: PlanFacts): Promise<string> {
    const id = newId();
    await this.owner.query(
      `insert into billing_plan_versions (id, code, version, currency, base_minor, interval_months, review_hours, due_days, minimum_charge_minor, created_at, created_by)
       values ($1, $2, 1, 'BRL', $3, $4, $5, $6, $7, now(), 'test')`,
      [id, code, base, interval, rest.reviewHours ?? 0, rest.dueDays ?? 0, rest.minimumCharge ?? 0n],
    );
    for (const [meter, { included, priceMicro, billableFrom = 'soft' }] of Object.entries(meters))
      await this.owner.query(
        `insert into billing_plan_meters (plan_id, meter, included, price_micro, billable_from) values ($1, $2, $3, $4, $5)`,
        [id, meter, included, priceMicro, billableFrom],
      );
    return id;
  }

  /** The rows as the consumer and the operator write them. */
  async tenant(facts: TenantFacts): Promise<{ tenant: string; subscription: string }> {
    const [one] = await this.tenants([facts]);
    return one!;
  }

  async tenants(all: readonly TenantFacts[]): Promise<{ tenant: string; subscription: string }[]> {
    const made = all.map((facts) => ({ tenant: newId(), subscription: newId(), facts }));
    const client = await this.owner.connect();
    try {
      await client.query('begin; set local role basecommerce_engines');
      await client.query(
        `insert into billing_accounts (tenant_id, slug, legal_name, locale, time_zone, currency, email)
         select t.id, 'store-' || t.id, 'Store', 'pt-BR', t.zone, 'BRL', t.email from unnest($1::uuid[], $2::text[], $3::text[]) as t(id, zone, email)`,
        [
          made.map(({ tenant }) => tenant),
          made.map(({ facts }) => facts.zone ?? 'UTC'),
          made.map(({ facts }) => (facts.email === undefined ? 'owner@store.test' : facts.email)),
        ],
      );
      await client.query('set local role basecommerce_operator');
      await client.query(
        `insert into billing_subscriptions (tenant_id, id, anchor_on, interval_months, started_at, due_at)
         select s.tenant, s.id, s.anchor, p.interval_months, s.at, s.at
           from unnest($1::uuid[], $2::uuid[], $3::date[], $4::timestamptz[], $5::uuid[]) as s(tenant, id, anchor, at, plan)
           join billing_plan_versions p on p.id = s.plan`,
        [
          made.map(({ tenant }) => tenant),
          made.map(({ subscription }) => subscription),
          made.map(({ facts }) => facts.anchorOn ?? facts.startsAt.toISOString().slice(0, 10)),
          made.map(({ facts }) => facts.startsAt),
          made.map(({ facts }) => facts.plan),
        ],
      );
      await client.query(
        `insert into billing_plan_assignments (tenant_id, subscription_id, from_at, plan_id, assigned_at, assigned_by)
         select a.*, 'test' from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::uuid[], $3::timestamptz[]) as a`,
        [
          made.map(({ tenant }) => tenant),
          made.map(({ subscription }) => subscription),
          made.map(({ facts }) => facts.startsAt),
          made.map(({ facts }) => facts.plan),
        ],
      );
      await client.query('commit');
    } finally {
      client.release();
    }
    return made.map(({ tenant, subscription }) => ({ tenant, subscription }));
  }

  /** Events in the form that the modules write, given to billing's consumer in one batch. */
  async hear(events: readonly Envelope[]): Promise<void> {
    await this.engines.transaction((tx) => billingEngine.apply(tx, events));
  }

  /** Many units at once, for tests that do not concern the consumer: one row per entry. */
  async use(
    rows: readonly { tenant: string; meter: string; at: Date; quantity?: bigint; subject?: string }[],
  ): Promise<void> {
    const client = await this.owner.connect();
    try {
      await client.query('begin; set local role basecommerce_engines');
      await client.query(
        `insert into billing_usage_events (tenant_id, transaction_id, meter, occurred_at, received_at, subject, quantity, payload_hash)
         select u.*, '\\x00' from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $4::timestamptz[], $5::text[], $6::bigint[]) as u`,
        [
          rows.map(({ tenant }) => tenant),
          rows.map(() => newId()),
          rows.map(({ meter }) => meter),
          rows.map(({ at }) => at),
          rows.map(({ subject }, place) => subject ?? String(place)),
          rows.map(({ quantity }) => quantity ?? 1n),
        ],
      );
      // The consumer does this for usage of the past.
      await client.query(
        `update billing_subscriptions s set due_at = least(s.due_at, u.at)
           from (select tenant, min(at) as at from unnest($1::uuid[], $2::timestamptz[]) as x(tenant, at) group by tenant) u
          where s.tenant_id = u.tenant
            and exists (select from billing_periods p where p.tenant_id = s.tenant_id and p.is_invoiced and p.ends_at > u.at)`,
        [rows.map(({ tenant }) => tenant), rows.map(({ at }) => at)],
      );
      await client.query('commit');
    } finally {
      client.release();
    }
  }

  /** Runs a pass to its end, as `engines run` does. */
  async run(
    pass: EnginePass,
    options: {
      asOf?: Date;
      tenant?: string;
      isDryRun?: boolean;
      database?: CrossTenantDatabase;
      isReplayForced?: boolean;
    } = {},
  ) {
    const events: PassEvent[] = [];
    const settings = {} as never;
    for await (const event of pass.run({
      database: options.database ?? this.engines,
      settings,
      asOf: options.asOf,
      tenant: options.tenant,
      isDryRun: options.isDryRun ?? false,
      isReplayForced: options.isReplayForced ?? false,
    }))
      events.push(event);
    return events;
  }

  /** All decisions of billing, without ids and clocks, to compare two histories. */
  async decided(): Promise<string> {
    const [row] = await this.rows<{ digest: string }>(
      `select json_build_object(
         'invoices', (select json_agg(json_build_array(s.anchor_on, i.tenant_id, i.period_seq, i.revision, i.status, i.total_minor) order by i.tenant_id, i.period_seq, i.revision)
                        from billing_invoices i join billing_subscriptions s on s.tenant_id = i.tenant_id and s.id = i.subscription_id),
         'lines', (select json_agg(json_build_array(l.line_key, l.kind, l.quantity, l.amount_minor) order by l.tenant_id, l.line_key) from billing_invoice_lines l),
         'periods', (select json_agg(json_build_array(p.tenant_id, p.seq, p.starts_at, p.ends_at, p.is_invoiced) order by p.tenant_id, p.seq) from billing_periods p),
         'accounts', (select json_agg(json_build_array(a.tenant_id, a.access_state, a.surplus_minor, a.carried_minor) order by a.tenant_id) from billing_accounts a)
       )::text as digest`,
    );
    return createHash('sha256').update(row!.digest).digest('hex');
  }
}
