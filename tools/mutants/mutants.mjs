/**
 * Ways to break the product, each a defect that somebody has shipped somewhere. `find` stands exactly once in `file`;
 * `tests` are the files of which at least one must fail.
 */
export const MUTANTS = [
  {
    name: 'one where without tenant',
    file: 'libs/modules/catalogue/data/products.ts',
    find: 'where tenant_id = ${tx.tenant} and id = any(${ids}::uuid[]) and is_active',
    replace: 'where id = any(${ids}::uuid[]) and is_active',
    tests: ['tests/tenancy/statements'],
  },
  {
    name: 'row security not forced',
    file: 'prisma/migrations/20261120000000_foundation/migration.sql',
    find: "execute format('alter table %s enable row level security, force row level security', target);",
    replace: "execute format('alter table %s enable row level security', target);",
    tests: ['tests/tenancy/catalogue.int'],
  },
  {
    name: 'acknowledged before committed',
    file: 'libs/platform/inbox/worker/consumer-loop.ts',
    find: '    await this.applier.handle(events, epochs);\n    if (events.length > 0) this.options.refresher.mark();\n    this.acknowledge(mine, epochs);',
    replace:
      '    this.acknowledge(mine, epochs);\n    await this.applier.handle(events, epochs);\n    if (events.length > 0) this.options.refresher.mark();',
    tests: ['tests/faults/protocol'],
  },
  {
    name: 'no inbox',
    file: 'libs/platform/inbox/worker/gate-statements.ts',
    find: '                  ${events.map((event) => event.envelope.id)}::uuid[]) as e(recorded_on, tenant_id, event_id)`;\n}\n\n/** Of these events',
    replace:
      '                  ${events.map((event) => event.envelope.id)}::uuid[]) as e(recorded_on, tenant_id, event_id)\n     where false`;\n}\n\n/** Of these events',
    tests: ['tests/faults/protocol'],
  },
  {
    name: 'outbox read by a cursor',
    file: 'libs/platform/outbox/relay/relay-repository.ts',
    find: '           and not pg_visible_in_snapshot(o.xid, ${since.text}::pg_snapshot)\n           and pg_visible_in_snapshot(o.xid, coalesce',
    replace:
      '           and o.xid >= pg_snapshot_xmax(${since.text}::pg_snapshot)\n           and pg_visible_in_snapshot(o.xid, coalesce',
    tests: ['tests/faults/protocol'],
  },
  {
    name: 'group created at the end of the stream',
    file: 'libs/platform/streams/event-streams.ts',
    find: "pipeline.xgroup('CREATE', stream, group, '0', 'MKSTREAM')",
    replace: "pipeline.xgroup('CREATE', stream, group, '$', 'MKSTREAM')",
    tests: ['tests/faults/protocol'],
  },
  {
    name: 'stream trimmed by length',
    file: 'libs/platform/streams/scripts.ts',
    find: "redis.call('XTRIM', stream, 'MINID', floor)",
    replace: "redis.call('XTRIM', stream, 'MAXLEN', 1)",
    tests: ['tests/faults/protocol'],
  },
  {
    name: 'refresh without an atomic update',
    file: 'libs/modules/identity/usecases/rotate-session.ts',
    find: 'where s.tenant_id = ${tx.tenant} and s.id = ${old.sessionId} and s.refresh_hash = ${hashOf(old)}\n',
    replace: 'where s.tenant_id = ${tx.tenant} and s.id = ${old.sessionId}\n',
    tests: ['tests/scenarios/sign-in'],
  },
  {
    name: 'token algorithm unset',
    file: 'libs/platform/auth/strategies.ts',
    find: '    algorithms: [ALGORITHM],\n',
    replace: '',
    also: [
      [
        'libs/platform/auth/strategies.ts',
        'import { ALGORITHM, ISSUER, principalOf, Tokens }',
        'import { ISSUER, principalOf, Tokens }',
      ],
    ],
    tests: ['tests/scenarios/sign-in'],
  },
  {
    name: 'quote converted twice',
    file: 'libs/modules/quotes/data/quotes.ts',
    find: 'where tenant_id = ${tx.tenant} and id = ${id} for update`',
    replace: 'where tenant_id = ${tx.tenant} and id = ${id}`',
    tests: ['tests/scenarios/quote-to-sale'],
  },
  {
    name: 'overage billed again by every run',
    file: 'libs/engines/billing/invoicing/usecases/bill-subscription.ts',
    find: 'lines: invoices.flatMap(({ lines }) => lines) };',
    replace: 'lines: invoices.slice(0, 0).flatMap(({ lines }) => lines) };',
    tests: ['tests/billing/passes'],
  },
  {
    name: 'grace restarted by whatever happens last',
    file: 'libs/engines/billing/access/data/access.ts',
    find: 'e.id as episode_id, e.opened_at, e.notice_at,',
    replace:
      'e.id as episode_id, e.opened_at, greatest(e.notice_at, (select max(f.recorded_at) from billing_payment_facts f where f.tenant_id = b.tenant_id)) as notice_at,',
    tests: ['tests/billing/grace'],
  },
  {
    name: 'charged before it is on record',
    file: 'libs/engines/billing/collection/usecases/charge-invoice.ts',
    find: '  const attempt = await database.transaction((tx) => beginAttempt(tx, provider, tenant, invoice), {',
    replace: '  const attempt = await database.rehearse((tx) => beginAttempt(tx, provider, tenant, invoice), {',
    tests: ['libs/engines/billing/collection/payments.int'],
  },
  {
    name: 'a payment without a key of its own',
    file: 'libs/engines/billing/collection/usecases/record-fact.ts',
    find: '${fact.provider}, ${fact.providerId}, ${fact.means}, ${fact.at},',
    replace: '${fact.provider}, ${id}, ${fact.means}, ${fact.at},',
    tests: ['tests/billing/grace'],
  },
  {
    name: 'too little to charge is in flight for ever',
    file: 'libs/engines/billing/collection/domain/attempts.ts',
    find: "return { act: 'carry' };",
    replace: "return none('not_chargeable');",
    tests: ['libs/engines/billing/collection/domain/attempts', 'libs/engines/billing/collection/payments.int'],
  },
  {
    name: 'a key used up to its last minute',
    file: 'libs/engines/billing/collection/domain/attempts.ts',
    find: 'export const SENDING_TAKES_MINUTES = 15;',
    replace: 'export const SENDING_TAKES_MINUTES = 0;',
    tests: ['libs/engines/billing/collection/domain/attempts'],
  },
  {
    name: 'a removed card brought back by a repeated message',
    file: 'libs/engines/billing/collection/data/methods.ts',
    find: 'removed_at = coalesce(m.removed_at, excluded.removed_at),',
    replace: 'removed_at = excluded.removed_at,',
    tests: ['libs/engines/billing/collection/methods.int'],
  },
  {
    name: 'the card that was told of last is charged',
    file: 'libs/engines/billing/collection/data/methods.ts',
    find: 'where tenant_id = ${tenant} order by added_at desc, id desc limit 1) newest',
    replace: 'where tenant_id = ${tenant} order by id desc limit 1) newest',
    tests: ['libs/engines/billing/collection/methods.int'],
  },
  {
    name: 'a period that is announced late counts from zero',
    file: 'libs/modules/entitlements/data/reservations.ts',
    find: '       where u.base + u.used + excluded.used <= (select allowed - unassigned from period)',
    replace: '       where u.used + excluded.used <= (select allowed from period)',
    tests: ['libs/modules/entitlements/entitlements.int'],
  },
  {
    name: 'storage measured again by every run',
    file: 'libs/modules/entitlements/usecases/worker/measure-storage.ts',
    find: '  if (!row) return undefined;\n',
    replace: '  if (!row) return 0n;\n',
    tests: ['libs/modules/entitlements/storage'],
  },
  {
    name: 'money in floating point',
    file: 'libs/engines/billing/plans/domain/rating.ts',
    find: 'return divideHalfUp(units * priceMicro, MICRO);',
    replace: 'return BigInt(Math.round(Number(units) * (Number(priceMicro) / Number(MICRO))));',
    also: [
      [
        'libs/engines/billing/plans/domain/rating.ts',
        "import { divideHalfUp, errorTable } from '#kernel';",
        "import { errorTable } from '#kernel';",
      ],
    ],
    tests: ['libs/engines/billing/plans/domain/rating'],
  },
  {
    name: 'months cut in the server’s zone',
    file: 'libs/engines/billing/plans/domain/periods.ts',
    find: "return startOfDay(Temporal.PlainDate.from(anchorOn).add({ months }, { overflow: 'constrain' }), zone);",
    replace:
      "return startOfDay(Temporal.PlainDate.from(anchorOn).add({ months }, { overflow: 'constrain' }), zone && 'UTC');",
    tests: ['libs/engines/billing/plans/domain/periods', 'tests/billing/passes'],
  },
  {
    name: 'only the newest month billed',
    file: 'libs/engines/billing/invoicing/usecases/bill-subscription.ts',
    find: 'const ripe = ripePeriods(billing, periods, asOf);',
    replace: 'const ripe = ripePeriods(billing, periods, asOf).slice(-1);',
    tests: ['tests/billing/passes'],
  },
];
