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
    file: 'libs/platform/inbox/worker/engine-loop.ts',
    find: '    await this.applier.handle(events, epochs);\n    if (events.length > 0) this.options.refresher.mark();\n    this.acknowledge(mine, epochs);',
    replace:
      '    this.acknowledge(mine, epochs);\n    await this.applier.handle(events, epochs);\n    if (events.length > 0) this.options.refresher.mark();',
    tests: ['tests/faults/protocol'],
  },
  {
    name: 'no inbox',
    file: 'libs/platform/inbox/worker/gate-store.ts',
    find: '                  ${events.map((event) => event.envelope.id)}::uuid[]) as e(recorded_on, tenant_id, event_id)`;\n}\n\n/** Of these events',
    replace:
      '                  ${events.map((event) => event.envelope.id)}::uuid[]) as e(recorded_on, tenant_id, event_id)\n     where false`;\n}\n\n/** Of these events',
    tests: ['tests/faults/protocol'],
  },
  {
    name: 'outbox read by a cursor',
    file: 'libs/platform/outbox/relay/relay-store.ts',
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
];
