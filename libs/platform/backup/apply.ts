/**
 * Sets the store to the state of the archive, in one transaction:
 *
 *   leases of all engines, new recovery epoch ─▶ rows out, children first ─▶ rows in, parents first ─▶ events and gates
 *   ─▶ compared: nothing differs ─▶ what engines have computed is stale ─▶ commit
 *
 * The archive holds engines' tables, gates, inbox and outbox of one snapshot, so they agree with each other and with
 * the store's documents, and versions continue from there. Events after the archive's moment are deleted from the
 * outbox. Their copies in Redis carry an ended recovery epoch, so no engine applies them. An event that the archive has
 * in the outbox and not in every inbox gets the id of this transaction: the relay treats it as new and delivers it
 * again.
 *
 * Each table is written by the role whose row security confines it to the store. Rights that the role lacks (no role may
 * delete a product) are granted and revoked within this transaction, so no other transaction sees them.
 */
import { composedSql, type Sql } from '#platform/database';
import type { CrossTenantTransaction } from '#platform/database/crossing';
import { fenceOf, raiseEpoch } from '#platform/recovery';
import { compareStore, type TableComparison } from './compare.js';
import { errors } from './errors.js';
import type { StoreEvents } from './policies.js';
import { bindTenant, takeRole, type TenantTable } from './tables.js';

export interface ApplyRequest {
  readonly schema: string;
  readonly tenant: string;
  readonly actor: string;
  readonly tables: readonly TenantTable[];
  /** Aggregates that go back. */
  readonly aggregates: readonly string[];
  readonly subscriptions: StoreEvents['subscriptions'];
}

export interface Applied {
  /** Count of events that are delivered to engines again. */
  readonly repeated: number;
  readonly written: number;
}

const OPERATOR = 'basecommerce_operator';
const ENGINES = 'basecommerce_engines';
const RIGHTS = ['select', 'insert', 'update', 'delete'] as const;

export async function applyArchive(tx: CrossTenantTransaction, request: ApplyRequest): Promise<Applied> {
  const { tenant, tables, schema } = request;
  if ((await fenceOf(tx)) !== undefined) throw errors.restore_fenced();
  await raiseEpoch(tx, request.actor);
  const lent = await lend(tx, tables);
  await tx.query(bindTenant(tenant));
  const written = await replaceRows(tx, request);
  for (const table of tables) if (table.policy.kind === 'highest') await raise(tx, request, table, table.policy.column);
  await turnBackDelivery(tx, request);
  requireEqual(
    await compareStore(
      tx,
      schema,
      tenant,
      tables.filter(({ policy }) => policy.kind === 'back'),
    ),
  );
  await markStale(tx, request);
  const repeated = await repeatUnheard(tx, request);
  await takeBack(tx, lent);
  await tx.query(takeRole(OPERATOR));
  return { repeated, written };
}

async function replaceRows(tx: CrossTenantTransaction, { schema, tenant, tables }: ApplyRequest): Promise<number> {
  const restored = tables.filter(({ policy }) => policy.kind === 'back');
  const emptied = tables.filter(({ policy }) => policy.kind === 'back' || policy.kind === 'clear');
  for (const { name, role } of [...emptied].reverse())
    await tx.batch([takeRole(role!), composedSql(`delete from public.${name} where tenant_id = $1`, [tenant])]);
  let written = 0;
  for (const { name, role, columns } of restored) {
    const list = columns.join(', ');
    await tx.query(takeRole(role!));
    written += await tx.execute(
      composedSql(`insert into public.${name} (${list}) select ${list} from ${schema}.${name} where tenant_id = $1`, [
        tenant,
      ]),
    );
  }
  return written;
}

async function raise(
  tx: CrossTenantTransaction,
  request: ApplyRequest,
  table: TenantTable,
  column: string,
): Promise<void> {
  const { name, role, columns, key } = table;
  const list = columns.join(', ');
  await tx.batch([
    takeRole(role!),
    composedSql(
      `insert into public.${name} as l (${list}) select ${list} from ${request.schema}.${name} where tenant_id = $1
       on conflict (${key.join(', ')}) do update set ${column} = greatest(l.${column}, excluded.${column})`,
      [request.tenant],
    ),
  ]);
}

/** An inbox row does not name its aggregate, but its event does: inbox rows go first, while the outbox still has the events. */
async function turnBackDelivery(
  tx: CrossTenantTransaction,
  { schema, tenant, tables, aggregates }: ApplyRequest,
): Promise<void> {
  const columnsOf = (name: string) => tables.find((table) => table.name === name)!.columns.join(', ');
  const inserted = (name: string, condition: string): Sql =>
    composedSql(
      `insert into public.${name} (${columnsOf(name)}) select ${columnsOf(name)} from ${schema}.${name} s where s.tenant_id = $1 and ${condition}`,
      name === 'inbox_events' ? [tenant] : [tenant, aggregates],
    );
  const ofAggregate = 'aggregate = any($2::text[])';
  await tx.batch([
    takeRole(ENGINES),
    composedSql(
      `delete from public.inbox_events i
        where i.tenant_id = $1
          and exists (select from public.outbox_events o where o.tenant_id = $1 and o.id = i.event_id and o.recorded_on = i.recorded_on and o.${ofAggregate})
          and not exists (select from ${schema}.inbox_events s where s.tenant_id = i.tenant_id and s.engine = i.engine and s.event_id = i.event_id and s.recorded_on = i.recorded_on)`,
      [tenant, aggregates],
    ),
    composedSql(
      `delete from public.outbox_events o
        where o.tenant_id = $1 and o.${ofAggregate}
          and not exists (select from ${schema}.outbox_events s where s.tenant_id = o.tenant_id and s.aggregate = o.aggregate and s.aggregate_id = o.aggregate_id
                             and s.aggregate_version = o.aggregate_version and s.recorded_on = o.recorded_on and s.id = o.id)`,
      [tenant, aggregates],
    ),
    inserted(
      'outbox_events',
      `s.${ofAggregate} and not exists (select from public.outbox_events o where o.tenant_id = s.tenant_id and o.aggregate = s.aggregate and o.aggregate_id = s.aggregate_id
                             and o.aggregate_version = s.aggregate_version and o.recorded_on = s.recorded_on)`,
    ),
    inserted(
      'inbox_events',
      `not exists (select from public.inbox_events i where i.tenant_id = s.tenant_id and i.engine = s.engine and i.event_id = s.event_id and i.recorded_on = s.recorded_on)`,
    ),
    ...['engine_versions', 'deferred_events', 'failed_events'].flatMap((name) => [
      composedSql(`delete from public.${name} where tenant_id = $1 and ${ofAggregate}`, [tenant, aggregates]),
      inserted(name, `s.${ofAggregate}`),
    ]),
  ]);
}

/** An engine may still be computing from rows it read before the restore. The mark makes it compute again afterwards. */
async function markStale(tx: CrossTenantTransaction, { tenant, tables }: ApplyRequest): Promise<void> {
  for (const { name, role, columns, policy } of tables) {
    if (policy.kind !== 'back' || !columns.includes('is_stale')) continue;
    await tx.batch([
      takeRole(role!),
      composedSql(`update public.${name} set is_stale = true where tenant_id = $1 and not is_stale`, [tenant]),
    ]);
  }
}

async function repeatUnheard(
  tx: CrossTenantTransaction,
  { tenant, aggregates, subscriptions }: ApplyRequest,
): Promise<number> {
  const heard = Object.entries(subscriptions).flatMap(([engine, consumed]) =>
    consumed.filter((aggregate) => aggregates.includes(aggregate)).map((aggregate) => [engine, aggregate] as const),
  );
  await tx.query(takeRole(ENGINES));
  return tx.execute(
    composedSql(
      `update public.outbox_events o set xid = pg_current_xact_id()
        where o.tenant_id = $1
          and exists (select from unnest($2::text[], $3::text[]) as h(engine, aggregate)
                       where h.aggregate = o.aggregate
                         and not exists (select from public.inbox_events i where i.tenant_id = o.tenant_id and i.engine = h.engine
                                            and i.event_id = o.id and i.recorded_on = o.recorded_on))`,
      [tenant, heard.map(([engine]) => engine), heard.map(([, aggregate]) => aggregate)],
    ),
  );
}

interface Loan {
  readonly table: string;
  readonly role: string;
  readonly rights: readonly string[];
}

async function lend(tx: CrossTenantTransaction, tables: readonly TenantTable[]): Promise<Loan[]> {
  await tx.query(takeRole('none'));
  const loans: Loan[] = [];
  for (const { name, role: own, policy } of tables) {
    if (policy.kind === 'keep') continue;
    const role = policy.kind === 'events' ? ENGINES : own!;
    const asked = RIGHTS.map((right) => `has_table_privilege('${role}', 'public.${name}', '${right}') as ${right}`);
    const held = (await tx.first<Record<string, boolean>>(composedSql(`select ${asked.join(', ')}`)))!;
    const rights = RIGHTS.filter((right) => !held[right]);
    if (rights.length === 0) continue;
    await tx.query(composedSql(`grant ${rights.join(', ')} on public.${name} to ${role}`));
    loans.push({ table: name, role, rights });
  }
  return loans;
}

async function takeBack(tx: CrossTenantTransaction, loans: readonly Loan[]): Promise<void> {
  await tx.query(takeRole('none'));
  for (const { table, role, rights } of loans)
    await tx.query(composedSql(`revoke ${rights.join(', ')} on public.${table} from ${role}`));
}

function requireEqual(comparisons: readonly TableComparison[]): void {
  const wrong = comparisons.filter((each) => each.different + each.only_in_store + each.only_in_archive > 0);
  if (wrong.length > 0)
    throw errors.restore_incomplete({ details: { tables: wrong.map(({ table }) => table).join(', ') } });
}
