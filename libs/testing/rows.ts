/**
 * Makes a valid row for any table from its description in PostgreSQL's catalogue: first the rows that its foreign keys refer
 * to, then values by type, then a search among candidates until PostgreSQL confirms that every CHECK holds. The literals in
 * a CHECK (states, kinds, patterns) are candidates too. A table with a trigger or an exclusion constraint may need an override.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type pg from 'pg';

export type Row = Record<string, unknown>;
/** By table and column; a function sees the tenant. */
export type Overrides = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface Column {
  name: string;
  type: string;
  category: string;
  isNullable: boolean;
  hasDefault: boolean;
  maxLength: number | null;
}

interface ForeignKey {
  parent: string;
  columns: string[];
  parentColumns: string[];
}

interface FreeColumn extends Column {
  candidates: unknown[];
}

interface Check {
  expression: string;
  columns: string[];
}

interface Shape {
  columns: Column[];
  checks: Check[];
  foreignKeys: ForeignKey[];
}

const BATCH = 200;
const BATCHES = 40;

export class RowMaker {
  private readonly shapes = new Map<string, Promise<Shape>>();
  private readonly made = new Map<string, Row>();

  /** `client` connects as a superuser: rows are made behind the back of row security. */
  constructor(
    private readonly client: pg.ClientBase,
    private readonly overrides: Overrides = {},
  ) {}

  /** The tenant's row in that table, made on the first call with all rows it refers to. */
  async rowOf(table: string, tenant: string): Promise<Row> {
    // What belongs to no tenant is made once for all of them.
    const key = (await this.belongsToTenant(table)) ? `${table} ${tenant}` : table;
    let row = this.made.get(key);
    if (!row) {
      const made =
        (table === 'tenants' && (await this.existing(tenant))) ||
        (await this.insert(table, await this.values(table, tenant)));
      // Without what was generated: the row must be fit to be inserted as it is.
      const { columns } = await this.shapeOf(table);
      row = Object.fromEntries(columns.map(({ name }) => [name, made[name]]));
      this.made.set(key, row);
    }
    return row;
  }

  private async existing(tenant: string): Promise<Row | undefined> {
    const { rows } = await this.client.query<{ row: Row }>(
      'select to_json(tenants) as row from tenants where id = $1',
      [tenant],
    );
    return rows[0]?.row;
  }

  private async belongsToTenant(table: string): Promise<boolean> {
    return table === 'tenants' || (await this.shapeOf(table)).columns.some(({ name }) => name === 'tenant_id');
  }

  private async insert(table: string, values: Row): Promise<Row> {
    const names = Object.keys(values).map((name) => `"${name}"`);
    const { rows } = await this.client.query<{ row: Row }>(
      `insert into ${table} (${names.join(', ')}) select ${names.join(', ')} from json_populate_record(null::${table}, $1) returning to_json(${table}) as row`,
      [JSON.stringify(values)],
    );
    return rows[0]!.row;
  }

  private async values(table: string, tenant: string): Promise<Row> {
    const shape = await this.shapeOf(table);
    const own: Row = table === 'tenants' ? { id: tenant } : { tenant_id: tenant };
    const fixed: Row = { ...((await this.belongsToTenant(table)) ? own : {}), ...this.overrides[table] };
    for (const { parent, columns, parentColumns } of shape.foreignKeys) {
      // A generated column is not listed, because no statement sets it.
      if (columns.some((name) => shape.columns.find((column) => column.name === name)?.isNullable ?? true)) continue;
      const found = parent === table ? fixed : await this.rowOf(parent, tenant);
      columns.forEach((name, index) => (fixed[name] ??= found[parentColumns[index]!]));
    }
    const free = await this.freeColumns(table, shape, fixed);
    for (let batch = 0; batch < BATCHES; batch++) {
      const tries = Array.from({ length: BATCH }, (_, index) => ({
        ...pick(free, batch === 0 && index === 0),
        ...fixed,
      }));
      const [good] = await this.valid(table, shape.checks, tries);
      if (good !== undefined) return tries[good]!;
    }
    const demands = shape.checks.map((check) => check.expression).join(' and ');
    throw new Error(`no row for ${table} satisfies its checks: give it an override (${demands})`);
  }

  /** What is left to choose, with the candidates that pass the checks of their column alone. */
  private async freeColumns(table: string, shape: Shape, fixed: Row): Promise<FreeColumn[]> {
    const literals = literalsOf(shape.checks);
    const free: FreeColumn[] = [];
    for (const column of shape.columns.filter(({ name }) => !(name in fixed))) {
      const own = shape.checks.filter((check) => check.columns.length === 1 && check.columns[0] === column.name);
      const candidates = candidatesFor(column, literals);
      const good = await this.valid(
        table,
        own,
        candidates.map((value) => ({ [column.name]: value })),
      );
      free.push({ ...column, candidates: good.map((index) => candidates[index]) });
    }
    return free;
  }

  /** Which of the rows pass the checks, as PostgreSQL sees it. */
  private async valid(table: string, checks: readonly Check[], tries: readonly Row[]): Promise<number[]> {
    const all = checks.map((check) => `coalesce((${check.expression}), true)`).join(' and ') || 'true';
    // The alias is the table's own name, so that the checks' column names mean the candidates.
    const { rows } = await this.client.query<{ index: string }>(
      `select c.index from json_array_elements($1) with ordinality as c(value, index),
              lateral json_populate_record(null::${table}, c.value) as ${table} where ${all} order by c.index`,
      [JSON.stringify(tries)],
    );
    return rows.map((row) => Number(row.index) - 1);
  }

  private shapeOf(table: string): Promise<Shape> {
    let shape = this.shapes.get(table);
    if (!shape) this.shapes.set(table, (shape = readShape(this.client, table)));
    return shape;
  }
}

async function readShape(client: pg.ClientBase, table: string): Promise<Shape> {
  const columns = await client.query<Column>(
    `select a.attname as name, format_type(a.atttypid, null) as type, t.typcategory as category, not a.attnotnull as "isNullable",
            a.atthasdef or a.attidentity <> '' as "hasDefault", case when a.atttypid in (1042, 1043) and a.atttypmod > 0 then a.atttypmod - 4 end as "maxLength"
       from pg_attribute a join pg_type t on t.oid = a.atttypid
      where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''`,
    [table],
  );
  const checks = await client.query<Check>(
    `select pg_get_expr(conbin, conrelid) as expression,
            (select json_agg(attname) from unnest(conkey) k(n) join pg_attribute on attrelid = conrelid and attnum = n) as columns
       from pg_constraint where conrelid = $1::regclass and contype = 'c'`,
    [table],
  );
  const foreignKeys = await client.query<ForeignKey>(
    `select confrelid::regclass::text as parent,
            (select json_agg(attname order by i) from unnest(conkey) with ordinality k(n, i) join pg_attribute on attrelid = conrelid and attnum = n) as columns,
            (select json_agg(attname order by i) from unnest(confkey) with ordinality k(n, i) join pg_attribute on attrelid = confrelid and attnum = n) as "parentColumns"
       from pg_constraint where conrelid = $1::regclass and contype = 'f' and conparentid = 0`,
    [table],
  );
  return { columns: columns.rows, checks: checks.rows, foreignKeys: foreignKeys.rows };
}

function literalsOf(checks: readonly Check[]): string[] {
  const quoted = checks.flatMap(({ expression }) => [...expression.matchAll(/'((?:[^']|'')*)'/g)]);
  return quoted.map((match) => match[1]!.replaceAll("''", "'"));
}

/** The first try is the plainest row: nulls and defaults wherever they are allowed. Later ones fill more and more. */
function pick(columns: readonly FreeColumn[], plainest: boolean): Row {
  const row: Row = {};
  for (const { name, candidates, isNullable, hasDefault } of columns) {
    if ((isNullable || hasDefault) && (plainest || Math.random() < 0.6)) continue;
    row[name] = plainest ? candidates[0] : candidates[Math.floor(Math.random() * candidates.length)];
  }
  return row;
}

function candidatesFor(column: Column, literals: readonly string[]): unknown[] {
  if (column.category === 'A') return ['{}', ...literals.map((literal) => `{"${literal.replace(/[\\"]/g, '\\$&')}"}`)];
  switch (column.type) {
    case 'uuid':
      return [randomUUID()];
    case 'boolean':
      return [true, false];
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'numeric':
    case 'real':
    case 'double precision':
      return [1, 0, 2, 10, 100, -1];
    case 'json':
    case 'jsonb':
      return [{}, [], 'text', 1];
    case 'bytea':
      return [`\\x${randomBytes(16).toString('hex')}`, `\\x${randomBytes(32).toString('hex')}`];
    case 'date':
      return ['2026-11-20', '2026-11-21'];
    case 'time without time zone':
      return ['12:00'];
    case 'interval':
      return ['1 hour'];
    case 'timestamp with time zone':
    case 'timestamp without time zone':
      return ['2026-11-20T12:00:00Z', '2026-11-21T12:00:00Z'];
    case 'tstzrange':
    case 'daterange':
      return ['[2026-11-20,2026-11-21)'];
    case 'inet':
    case 'cidr':
      return ['192.0.2.1'];
    case 'xid8':
      return ['1'];
    case 'pg_snapshot':
      return ['1:1:'];
    default:
      return texts(literals, column.maxLength);
  }
}

function texts(literals: readonly string[], maxLength: number | null): string[] {
  const unique = `t${randomBytes(5).toString('hex')}`;
  const forms = [
    unique,
    ...literals,
    'A',
    'AB',
    'BRL',
    'a',
    '12345678901',
    '12345678000199',
    `${unique}@example.test`,
    'https://example.test/',
    `thing/${randomUUID()}`,
    `sha256:${'0'.repeat(64)}`,
    '0'.repeat(32),
    '0'.repeat(64),
  ];
  return maxLength === null ? forms : forms.map((form) => form.slice(0, maxLength));
}
