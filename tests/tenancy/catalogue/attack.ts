/**
 * Tries to reach tenant B's rows as tenant A, and any tenant's rows without a tenant. Each attack first grants itself
 * every privilege on the table, in a transaction that is rolled back, because row security must hold alone and not only
 * because a grant is missing. Returns the attacks that succeeded.
 */
import type pg from 'pg';
import type { Row, RowMaker } from '#testing/rows';
import { type Role, ROLES } from './rules.js';

export interface TenantTable {
  name: string;
  /** The column that holds the tenant. */
  key: string;
  /** Roles that a policy admits; for all others every row is invisible. */
  roles: Role[];
}

const REFUSED = '42501';

export async function tenantTables(client: pg.ClientBase): Promise<TenantTable[]> {
  const { rows } = await client.query<TenantTable>(`
    select c.oid::regclass::text as name, a.attname as key,
           array(select distinct r.rolname::text from pg_policy p, unnest(p.polroles) as allowed join pg_roles r on r.oid = allowed where p.polrelid = c.oid) as roles
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnotnull
           and a.attname = case when c.relname = 'tenants' then 'id' else 'tenant_id' end
     where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace in ('public'::regnamespace, 'app'::regnamespace) order by 1`);
  return rows;
}

export class Attacker {
  constructor(
    private readonly client: pg.ClientBase,
    private readonly maker: RowMaker,
    private readonly own: string,
    private readonly other: string,
  ) {}

  async on(table: TenantTable): Promise<string[]> {
    const mine = await this.maker.rowOf(table.name, this.own);
    const theirs = await this.maker.rowOf(table.name, this.other);
    const leaks: string[] = [];
    for (const context of [this.own, '', undefined]) leaks.push(...(await this.from(context, table, mine, theirs)));
    for (const role of ROLES) if (!table.roles.includes(role)) leaks.push(...(await this.withoutPolicy(role, table)));
    return leaks;
  }

  private async from(context: string | undefined, table: TenantTable, mine: Row, theirs: Row): Promise<string[]> {
    const { name, key } = table;
    const where =
      context === this.own ? 'as another tenant' : context === '' ? 'with an empty tenant' : 'without a tenant';
    const isOpen = table.roles.includes('basecommerce_app');
    const reach = context === this.own ? ` where ${key} = '${this.other}'` : '';
    const leaks: string[] = [];
    const note = (what: string) => leaks.push(`${name}: ${where}, ${what}`);
    const as = (sql: string, values: unknown[] = []) => this.attempt('basecommerce_app', context, table, sql, values);

    if ((await as(`select from ${name}${reach}`)).count !== 0) note('rows are read');
    if ((await as(`update ${name} set ${key} = ${key}${reach}`)).count !== 0) note('rows are changed');
    if ((await as(`delete from ${name}${reach}`)).count !== 0) note('rows are deleted');
    if ((await as(insertOf(name, theirs), [JSON.stringify(theirs)])).code !== REFUSED)
      note('a row is inserted for another tenant');
    if (context !== this.own) {
      if ((await as(insertOf(name, mine), [JSON.stringify(mine)])).code !== REFUSED) note('a row is inserted');
    } else if (isOpen) {
      // Checks that the attacks have a target: the tenant's own row exists, and cannot be moved to another tenant.
      if ((await as(`select from ${name}`)).count !== 1) note('the own row is not the only one seen');
      if ((await as(`update ${name} set ${key} = '${this.other}' where ${key} = '${this.own}'`)).code !== REFUSED)
        note('the own row is given away');
    }
    return leaks;
  }

  private async withoutPolicy(role: Role, table: TenantTable): Promise<string[]> {
    const seen = await this.attempt(role, this.own, table, `select from ${table.name}`, []);
    return seen.count === 0 ? [] : [`${table.name}: ${role} reads rows without a policy for it`];
  }

  private async attempt(role: Role, context: string | undefined, table: TenantTable, sql: string, values: unknown[]) {
    await this.client.query('begin');
    try {
      await this.client.query(
        `grant select, insert, update, delete on ${table.name} to ${role}; set local role ${role}`,
      );
      if (context !== undefined) await this.client.query(`select set_config('app.tenant_id', $1, true)`, [context]);
      const result = await this.client.query(sql, values);
      return { count: result.rowCount ?? 0, code: undefined };
    } catch (error) {
      return { count: -1, code: (error as pg.DatabaseError).code };
    } finally {
      await this.client.query('rollback');
    }
  }
}

function insertOf(table: string, row: Row): string {
  const names = Object.keys(row).map((name) => `"${name}"`);
  return `insert into ${table} (${names.join(', ')}) select ${names.join(', ')} from json_populate_record(null::${table}, $1)`;
}
