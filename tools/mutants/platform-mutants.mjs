// @ts-check
/** Defects in tenancy, the event path, access and the kernel. */
/** @type {import('./mutants.mjs').Mutant[]} */
export const PLATFORM_MUTANTS = [
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
    find: '    await this.applier.handle(events, tokens);\n    if (events.length > 0) this.options.refresher.mark();\n    this.acknowledge(mine, tokens);',
    replace:
      '    this.acknowledge(mine, tokens);\n    await this.applier.handle(events, tokens);\n    if (events.length > 0) this.options.refresher.mark();',
    tests: ['tests/faults/protocol'],
  },
  {
    name: 'no inbox',
    file: 'libs/platform/inbox/worker/gate-statements.ts',
    find: '                  ${events.map((event) => event.envelope.id)}::uuid[]) as e(recorded_on, tenant_id, event_id)`;\n}\n\n/** Those of these events',
    replace:
      '                  ${events.map((event) => event.envelope.id)}::uuid[]) as e(recorded_on, tenant_id, event_id)\n     where false`;\n}\n\n/** Those of these events',
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
    name: 'token algorithm unset',
    file: 'libs/platform/http/strategies.ts',
    find: '        algorithms: [ALGORITHM],\n',
    replace: '',
    also: [
      [
        'libs/platform/http/strategies.ts',
        'import { ALGORITHM, ISSUER, type Principal, principalOf, Tokens }',
        'import { ISSUER, type Principal, principalOf, Tokens }',
      ],
    ],
    tests: ['tests/scenarios/sign-in'],
  },
  {
    name: 'a reused key answered without a look at the body',
    file: 'libs/platform/idempotency/fingerprint.ts',
    find: 'JSON.stringify([operation.id, params, body ?? null])',
    replace: 'JSON.stringify([operation.id, params, typeof body])',
    tests: ['tests/scenarios/sign-in'],
  },
  {
    name: 'an access token kept under an Idempotency-Key',
    file: 'libs/platform/idempotency/idempotency-key.ts',
    find: 'if (header === undefined || operation.answersWithSecret) return undefined;',
    replace: 'if (header === undefined) return undefined;',
    tests: ['tests/scenarios/idempotency'],
  },
  {
    name: 'a role that may do everything',
    file: 'libs/platform/http/access.guard.ts',
    find: 'return mayDo(principal.roles, operation.access as Permission);',
    replace: 'return mayDo(principal.roles, operation.access as Permission) || true;',
    tests: ['tests/scenarios/sign-in'],
  },
  {
    name: 'row security that lets a store see every row',
    file: 'prisma/migrations/20261120000000_foundation/migration.sql',
    find: 'using (tenant_id = app.current_tenant()) with check',
    replace: 'using (true) with check',
    tests: ['tests/tenancy/catalogue.int'],
  },
  {
    name: 'a restore policy taken without a look',
    file: 'prisma/migrations/20261129000100_backup_restore_policies/migration.sql',
    find: '  if restore is null or restore !~',
    replace: "  if restore is null or restore ~ 'nothing at all' and restore !~",
    tests: ['tests/tenancy/restore-policies'],
  },
  {
    name: 'a restore policy with a default',
    file: 'prisma/migrations/20261129000100_backup_restore_policies/migration.sql',
    find: "  restore text,\n  aggregate text default '',\n  app text default '',",
    replace: "  restore text default 'back',\n  aggregate text default '',\n  app text default '',",
    tests: ['tests/tenancy/restore-policies'],
  },
  {
    name: 'a secret that opens in another place',
    file: 'libs/platform/secrets/secret-box.ts',
    find: '`${LABEL}/${context}`, KEY_BYTES + NONCE_BYTES)',
    replace: '`${LABEL}/${typeof context}`, KEY_BYTES + NONCE_BYTES)',
    tests: ['libs/platform/secrets/secret-box'],
  },
  {
    name: 'halves of a cent cut off',
    file: 'libs/kernel/decimal.ts',
    find: 'const rounded = (2n * magnitude + divisor) / (2n * divisor);',
    replace: 'const rounded = magnitude / divisor;',
    tests: ['libs/kernel/decimal'],
  },
  {
    name: 'a placeholder taken for a secret',
    file: 'libs/platform/config/settings.ts',
    find: '(value) => !PLACEHOLDERS.test(value),',
    replace: '(value) => !PLACEHOLDERS.test(value) || value.length > 0,',
    tests: ['libs/platform/config/settings'],
  },
  {
    name: 'an operation on an item that the attack leaves out',
    file: 'libs/modules/orders/fixture.ts',
    find: "bodies: { changeOrderStatus: { status: 'cancelled' } },",
    replace: 'bodies: {},',
    tests: ['tests/tenancy/routes'],
  },
  {
    name: 'a room left out of the list of events',
    file: 'libs/contracts/event-contracts.ts',
    find: 'readonly EventContract[] = Object.values(rooms)',
    replace: 'readonly EventContract[] = Object.values(rooms).slice(1)',
    tests: ['tests/contracts/events'],
  },
];
