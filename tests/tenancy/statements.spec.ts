/**
 * Row security would hide a forgotten tenant, so no behaviour shows it: the statement is merely slow, and one layer is
 * gone. Hence this reading of every statement in modules and engines: whoever touches a tenant's table names the tenant.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');
const structure = readFileSync(path.join(ROOT, 'prisma/structure.sql'), 'utf8');

/** Tables with a tenant_id, read from the committed structure. */
const TENANT_TABLES = tablesWithTenant(structure);

describe('statements', () => {
  it('name the tenant wherever they touch a tenant’s table', () => {
    const statements = sources().flatMap((file) => statementsOf(file));
    expect(TENANT_TABLES.length).toBeGreaterThan(15);
    expect(statements.length).toBeGreaterThan(60);
    expect(
      statements.filter(({ sql }) => touched(sql).some((table) => !namesTenant(sql, table))).map(describeStatement),
    ).toEqual([]);
  });

  it('would notice one that does not', () => {
    expect(namesTenant('select id from products where id = $1', 'products')).toBe(false);
    expect(namesTenant('select id from products where tenant_id = $1 and id = $2', 'products')).toBe(true);
    expect(touched('update quotes set state = 1')).toEqual(['quotes']);
  });
});

interface Statement {
  file: string;
  line: number;
  sql: string;
}

function sources(): string[] {
  const folders = ['libs/modules', 'libs/engines', 'libs/platform/idempotency', 'libs/platform/numbering'];
  return folders.flatMap((folder) =>
    (readdirSync(path.join(ROOT, folder), { recursive: true }) as string[])
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
      .map((name) => path.join(folder, name)),
  );
}

function statementsOf(file: string): Statement[] {
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  return [...text.matchAll(/\bsql(?:<[^`]*>)?`([^`]*)`/g)].map((match) => ({
    file,
    line: text.slice(0, match.index).split('\n').length,
    sql: match[1]!,
  }));
}

function touched(sql: string): string[] {
  const named = [...sql.matchAll(/\b(?:from|join|update|into)\s+([a-z_]+)/gi)].map((match) => match[1]!.toLowerCase());
  return TENANT_TABLES.filter((table) => named.includes(table));
}

/** As often as tables are touched, at least: a join must not borrow the other side's tenant. */
function namesTenant(sql: string, table: string): boolean {
  const touches = [...sql.matchAll(new RegExp(`\\b(?:from|join|update|into)\\s+${table}\\b`, 'gi'))].length;
  return (sql.match(/tenant_id/g)?.length ?? 0) >= touches;
}

function describeStatement({ file, line, sql }: Statement): string {
  return `${file}:${line}: ${sql.replace(/\s+/g, ' ').trim().slice(0, 100)}`;
}

function tablesWithTenant(text: string): string[] {
  const tables: string[] = [];
  let current: string | undefined;
  for (const line of text.split('\n')) {
    const table = /^(?:create )?table (?:public\.)?([a-z_]+)/i.exec(line)?.[1];
    if (table) current = table;
    if (current && /^\s+tenant_id\s+uuid/i.test(line) && !tables.includes(current)) tables.push(current);
  }
  return tables;
}
