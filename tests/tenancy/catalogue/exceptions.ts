/** What the rules excuse, and why. A line that excuses nothing any more fails the test as well: delete it. */
import type { Exceptions } from './rules.js';

const operatorsLog = 'What operators did; it may name a tenant, and no tenant ever reads it.';
const dayFunction =
  'The relay creates and drops days of partitions and must not own the table to do so; it takes dates only.';

export const EXCEPTIONS: Exceptions = {
  'every table belongs to a tenant': {
    _prisma_migrations: 'Which migrations were applied.',
    breaking_migrations: 'Which migrations an older process must not run behind.',
    operators: 'People of the platform, not of a store; no grant to tenants.',
    operator_sessions: 'Sign-ins of operators; no grant to tenants.',
    consumer_leases: 'Which worker handles which partition of the streams; holds no row of a store.',
    consumer_members: 'Which workers are alive.',
    relay_leases: 'Which relay is the active one.',
    relay_positions: 'How far the relay has read the outbox, over all tenants.',
    relay_confirmations: 'How far each engine has heard the outbox, over all tenants.',
  },
  'tenant_id is a uuid and never null': { operator_audit_entries: operatorsLog },
  'row security is enabled and forced': { operator_audit_entries: operatorsLog },
  'primary keys start with tenant_id': { operator_audit_entries: operatorsLog },
  'indexes start with tenant_id': {
    operator_audit_entries_pkey: operatorsLog,
    tenants_slug: 'The host name is how a tenant is found before it is known.',
    outbox_events_xid: 'The relay reads the newest transactions of all tenants.',
    failed_events_due: "The worker's retries that are due, over all tenants.",
  },
  'unique indexes carry tenant_id': {
    operator_audit_entries_pkey: operatorsLog,
    tenants_slug: 'Two tenants cannot share a host name.',
  },
  'no function runs with the rights of its owner': {
    'app.ensure_outbox_days': dayFunction,
    'app.ensure_inbox_days': dayFunction,
    'app.drop_event_days': dayFunction,
  },
};

/** Every privilege that reaches beyond one tenant. A new line here is what a reviewer should look at first. */
export const CROSSINGS: readonly string[] = [
  '_prisma_migrations app: select',
  '_prisma_migrations engines: select',
  '_prisma_migrations operator: select',
  '_prisma_migrations relay: select',
  'breaking_migrations app: select',
  'breaking_migrations engines: select',
  'breaking_migrations operator: select',
  'breaking_migrations relay: select',
  'consumer_leases engines: insert, select, update',
  'consumer_leases operator: select',
  'consumer_leases relay: select',
  'consumer_members engines: delete, insert, select, update',
  'consumer_members operator: select',
  'consumer_members relay: select',
  'deferred_events engines: delete, insert, select',
  'deferred_events operator: select',
  'deferred_events relay: select',
  'engine_versions engines: insert, select, update',
  'engine_versions operator: select',
  'failed_events engines: delete, insert, select, update',
  'failed_events operator: select, update of decided_by, update of decision, update of next_attempt_at',
  'failed_events relay: select',
  'inbox_events engines: insert, select',
  'inbox_events operator: select',
  'inbox_events relay: select',
  'operator_audit_entries operator: insert, select, without a policy',
  'operator_sessions operator: insert, select, update',
  'operators operator: insert, select, update',
  'outbox_events engines: insert, select',
  'outbox_events operator: insert, select',
  'outbox_events relay: select',
  'relay_confirmations operator: select',
  'relay_confirmations relay: insert, select, update',
  'relay_leases operator: select',
  'relay_leases relay: insert, select, update',
  'relay_positions operator: select',
  'relay_positions relay: insert, select, update',
  'sessions operator: select, update',
  'tenants operator: insert, select, update',
  'users operator: insert, select, update',
];
