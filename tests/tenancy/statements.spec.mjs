/**
 * Row security would hide a forgotten tenant, so no behaviour shows it: the statement is merely slow, and one of the layers
 * of isolation is gone. Hence this reading of every statement of the product: each tenant's table that it touches is bound by
 * a condition on the tenant, or stands among the statements that cross tenants, with a reason.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readStatement, readStatements, tenantKeys } from '../../tools/sql/read.mjs';
import { CROSS_TENANT } from './cross-tenant-statements.mjs';

const KEYS = tenantKeys(readFileSync(path.resolve(import.meta.dirname, '../../prisma/structure.sql'), 'utf8'));

const unboundIn = (text) => readStatement(text, KEYS).unbound;

/**
 * `file function: tables`, for a statement that leaves the tenant open.
 * @param {import('../../tools/sql/read.mjs').Statement} statement
 */
function openings({ file, within, isReadable, unbound }) {
  if (!isReadable) return [`${file} ${within}: a text known only at run time`];
  if (unbound.length === 0) return [];
  const tables = unbound.map((table) => (table.startsWith('gap_') ? 'a table named at run time' : table));
  return [`${file} ${within}: ${[...new Set(tables)].sort().join(', ')}`];
}

describe('statements', () => {
  it('bind the tenant of every table they touch, or cross tenants for a reason', () => {
    const statements = readStatements();
    expect(KEYS.size).toBeGreaterThan(60);
    expect(statements.length).toBeGreaterThan(400);
    expect([...new Set(statements.flatMap(openings))].sort()).toEqual(Object.keys(CROSS_TENANT).sort());
  });
});

describe('a tenant’s table is not bound', () => {
  it.each([
    ['by a selected column', 'select tenant_id from products where id = $1', ['products']],
    ['by an order', 'select id from products where id = $1 order by tenant_id', ['products']],
    ['by a comparison with itself', 'select id from products where tenant_id = tenant_id', ['products']],
    ['by an inequality', 'select id from products where tenant_id <> $1', ['products']],
    ['by one side of an OR', 'select id from products where tenant_id = $1 or $2', ['products']],
    ['by a negation', 'select id from products where not (tenant_id = $1)', ['products']],
    ['by a comment', 'select id from products where id = $1 -- tenant_id = $1', ['products']],
    ['by a text', "select 'tenant_id = $1' from products", ['products']],
    [
      'by the tenant of the other side of a join',
      'select from quotes q join quote_lines l on l.quote_id = q.id where q.tenant_id = $1',
      ['quote_lines'],
    ],
    [
      'by the condition of an outer join that keeps all its rows',
      'select from quotes q left join orders o on q.tenant_id = $1 and o.tenant_id = $1',
      ['quotes'],
    ],
    [
      'by a condition inside a subquery',
      'select from quotes where id in (select quote_id from quote_lines where tenant_id = $1)',
      ['quotes'],
    ],
    [
      'by a condition outside a subquery',
      'select (select count(*) from orders) from quotes where tenant_id = $1',
      ['orders'],
    ],
    ['by the new value of an update', 'update products set tenant_id = $1 where id = $2', ['products']],
    [
      'by what else a DELETE uses',
      'delete from quotes using orders o where o.tenant_id = $1 and o.id = quotes.id',
      ['quotes'],
    ],
    ['in a CTE', 'with gone as (delete from quotes where id = $1 returning tenant_id) select from gone', ['quotes']],
    ['in one half of a union', 'select id from quotes where tenant_id = $1 union select id from quotes', ['quotes']],
    ['by an INSERT without the column', 'insert into products (id) values ($1)', ['products']],
    ['when its name is only known at run time', 'delete from public.GAP(1) where id = $1', ['gap_1']],
    ['by another column of tenants', 'select id from tenants where slug = $1', ['tenants']],
  ])('%s', (_, text, unbound) => {
    expect(unboundIn(text)).toEqual(unbound);
  });
});

describe('a tenant’s table is bound', () => {
  it.each([
    ['by a parameter', 'select id from products where tenant_id = $1 and id = $2'],
    ['by a list', 'select id from products where tenant_id = any($1::uuid[])'],
    ['by a row', 'select id from products where (tenant_id, id) = ($1, $2)'],
    ['by a bound table', 'select from quotes q join quote_lines l on l.tenant_id = q.tenant_id where q.tenant_id = $1'],
    ['by USING', 'select from quotes join quote_lines using (tenant_id) where quotes.tenant_id = $1'],
    [
      'by an outer query',
      'select from quotes q where q.tenant_id = $1 and exists (select from orders o where o.tenant_id = q.tenant_id)',
    ],
    ['by a CTE', 'with t as (select $1::uuid as tenant_id) select from quotes q join t on q.tenant_id = t.tenant_id'],
    [
      'by an outer join, on the side that it restricts',
      'select from quotes q left join orders o on o.tenant_id = q.tenant_id where q.tenant_id = $1',
    ],
    ['by the column of an INSERT', 'insert into products (tenant_id, id) values ($1, $2)'],
    ['by the id of tenants', 'select p.id from tenants t join products p on p.tenant_id = t.id where t.id = $1'],
  ])('%s', (_, text) => {
    expect(unboundIn(text)).toEqual([]);
  });
});
