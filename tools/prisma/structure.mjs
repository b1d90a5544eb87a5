/**
 * prisma/structure.sql: the result of all migrations, so that a review shows the effect of a migration and not only its
 * text: privileges, policies and functions.
 *
 * Read from PostgreSQL's catalogue instead of by pg_dump, which the embedded server does not include and whose output
 * changes between versions. Everything here is the same on PostgreSQL 15 to 18.
 *
 *   node tools/prisma/structure.mjs [--check]
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { withMigratedDatabase } from './scratch-database.mjs';

const file = path.join(import.meta.dirname, '..', '..', 'prisma', 'structure.sql');
const SCHEMAS = `('public'::regnamespace, 'app'::regnamespace)`;
const OURS = `c.relnamespace in ${SCHEMAS} and c.relname <> '_prisma_migrations'`;
const NAME = `case when c.relnamespace = 'app'::regnamespace then 'app.' else '' end || c.relname`;

export async function structure(client) {
  const list = async (sql) => (await client.query(sql)).rows;
  const tables = await list(`
    select c.oid::int as id, ${NAME} as name, c.relrowsecurity as secured, c.relforcerowsecurity as forced, c.reloptions as options,
           pg_get_partkeydef(c.oid) as split, pg_get_expr(c.relpartbound, c.oid) as bound,
           (select inhparent::regclass::text from pg_inherits where inhrelid = c.oid) as parent,
           quote_literal(obj_description(c.oid, 'pg_class')) as comment
      from pg_class c where c.relkind in ('r', 'p') and ${OURS} order by c.relname`);
  const columns = await list(`
    select a.attrelid::int as id, a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
           pg_get_expr(d.adbin, d.adrelid) as value, a.attidentity as identity, a.attgenerated as generated,
           case when a.attcollation not in (0, 100) then a.attcollation::regcollation::text end as collation
      from pg_class c join pg_attribute a on a.attrelid = c.oid left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where c.relkind in ('r', 'p') and ${OURS} and a.attnum > 0 and not a.attisdropped order by a.attnum`);
  const constraints = await list(`
    select k.conrelid::int as id, k.conname as name, pg_get_constraintdef(k.oid) as definition
      from pg_constraint k join pg_class c on c.oid = k.conrelid
     where ${OURS} and k.contype in ('p', 'u', 'f', 'c', 'x') and k.conparentid = 0 order by position(k.contype in 'pufcx'), k.conname`);
  const indexes = await list(`
    select i.indrelid::int as id, pg_get_indexdef(i.indexrelid) as definition
      from pg_index i join pg_class c on c.oid = i.indexrelid
     where ${OURS} and not c.relispartition and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')) order by c.relname`);
  const policies = await list(`
    select p.polrelid::int as id, p.polname as name, p.polpermissive as permissive,
           case p.polcmd when '*' then 'all' when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' else 'delete' end as command,
           (select string_agg(case r when 0 then 'public' else r::regrole::text end, ', ' order by r::regrole::text collate "C") from unnest(p.polroles) r) as roles,
           pg_get_expr(p.polqual, p.polrelid) as reading, pg_get_expr(p.polwithcheck, p.polrelid) as writing
      from pg_policy p order by p.polname`);
  const triggers = await list(`
    select t.tgrelid::int as id, pg_get_triggerdef(t.oid) as definition from pg_trigger t where not t.tgisinternal and t.tgparentid = 0 order by t.tgname`);
  const grants = await list(`
    with held as (
      select c.oid, c.relkind, c.relowner, null as column, x.* from pg_class c, aclexplode(c.relacl) x where ${OURS}
      union all
      select c.oid, c.relkind, c.relowner, a.attname, x.* from pg_class c join pg_attribute a on a.attrelid = c.oid, aclexplode(a.attacl) x where ${OURS}
    )
    select oid::int as id, coalesce(nullif(grantee, 0)::regrole::text, 'public') as role,
           string_agg(lower(privilege_type) || coalesce(' (' || "column" || ')', ''), ', '
             order by position(privilege_type in 'SELECT INSERT UPDATE DELETE'), "column" nulls first, privilege_type) as privileges
      from held where grantee <> relowner group by oid, grantee order by (select rolname from pg_roles r where r.oid = grantee) nulls first`);
  const sequences = await list(`
    select c.oid::int as id, ${NAME} as name, format_type(s.seqtypid, null) as type, s.seqcache::int as cache, s.seqincrement::int as step
      from pg_class c join pg_sequence s on s.seqrelid = c.oid where ${OURS} order by c.relname`);
  const views = await list(`
    select c.oid::int as id, ${NAME} as name, c.relkind as kind, c.reloptions as options, pg_get_viewdef(c.oid) as definition
      from pg_class c where c.relkind in ('v', 'm') and ${OURS} order by c.relname`);
  const types = await list(`
    select t.typname as name, string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder) as labels
      from pg_type t join pg_enum e on e.enumtypid = t.oid where t.typnamespace in ${SCHEMAS} group by t.typname order by 1`);
  const functions = await list(`
    select p.oid::regprocedure::text as name, p.prokind = 'p' as procedure, pg_get_functiondef(p.oid) as definition,
           (select string_agg(coalesce(nullif(x.grantee, 0)::regrole::text, 'public'), ', ' order by coalesce(nullif(x.grantee, 0)::regrole::text, 'public') collate "C")
              from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x where x.grantee <> p.proowner) as callers
      from pg_proc p where p.pronamespace in ${SCHEMAS} order by p.proname, p.oid::regprocedure::text collate "C"`);
  const roles = await list(`
    select rolname as name, concat_ws(' ', case when rolcanlogin then 'login' else 'nologin' end, case when rolinherit then 'inherit' else 'noinherit' end,
           case when rolsuper then 'superuser' end, case when rolbypassrls then 'bypassrls' end) as attributes
      from pg_roles where rolname like 'basecommerce\\_%' order by 1`);

  const of = (rows, id) => rows.filter((row) => row.id === id);
  const grantsOn = (id, name, kind = '') =>
    of(grants, id).map((grant) => `grant ${grant.privileges} on ${kind}${name} to ${grant.role};`);
  const sections = [
    '-- Generated by `npm run gen` from prisma/migrations. Do not edit: it is checked, not applied.',
    roles.map((role) => `create role ${role.name} ${role.attributes};`).join('\n'),
    ...types.map((type) => `create type ${type.name} as enum (${type.labels});`),
    ...sequences.map((sequence) =>
      [describeSequence(sequence), ...grantsOn(sequence.id, sequence.name, 'sequence ')].join('\n'),
    ),
    ...tables.map((table) =>
      [
        describeTable(table, of(columns, table.id), of(constraints, table.id)),
        ...of(indexes, table.id).map((index) => `${index.definition};`),
        ...of(triggers, table.id).map((trigger) => `${trigger.definition};`),
        ...(table.comment ? [`comment on table ${table.name} is ${table.comment};`] : []),
        ...describeSecurity(table, of(policies, table.id)),
        ...grantsOn(table.id, table.name),
      ].join('\n'),
    ),
    ...views.map((view) => [describeView(view), ...grantsOn(view.id, view.name)].join('\n')),
    ...functions.map(
      (routine) =>
        `${routine.definition.trim()};\n-- ${routine.callers ? `called by ${routine.callers}` : 'called by its owner only'}`,
    ),
  ];
  return sections.filter(Boolean).join('\n\n') + '\n';
}

function describeTable(table, columns, constraints) {
  if (table.parent) return `create table ${table.name} partition of ${table.parent} ${table.bound.toLowerCase()};`;
  const width = Math.max(0, ...columns.map((column) => column.name.length));
  const lines = [
    ...columns.map((column) => `  ${column.name.padEnd(width)} ${describeColumn(column)}`),
    ...constraints.map((constraint) => `  constraint ${constraint.name} ${constraint.definition}`),
  ];
  const options = table.options ? ` with (${table.options.join(', ')})` : '';
  return `create table ${table.name} (\n${lines.join(',\n')}\n)${table.split ? ` partition by ${table.split}` : ''}${options};`;
}

function describeColumn({ type, collation, required, value, identity, generated }) {
  const given = generated ? `generated always as (${value}) stored` : value && `default ${value}`;
  return [
    type,
    collation && `collate ${collation}`,
    required && 'not null',
    given,
    identity && `identity (${identity})`,
  ]
    .filter(Boolean)
    .join(' ');
}

function describeSecurity(table, policies) {
  const state = [table.secured && 'enable row level security', table.forced && 'force row level security'].filter(
    Boolean,
  );
  return [
    state.length > 0 ? `alter table ${table.name} ${state.join(', ')};` : '-- no row security',
    ...policies.map(
      ({ name, permissive, command, roles, reading, writing }) =>
        `create policy ${name} on ${table.name}${permissive ? '' : ' as restrictive'} for ${command} to ${roles}` +
        `${reading ? ` using (${bare(reading)})` : ''}${writing ? ` with check (${bare(writing)})` : ''};`,
    ),
  ];
}

function describeSequence({ name, type, cache, step }) {
  return `create sequence ${name} as ${type}${step === 1 ? '' : ` increment ${step}`}${cache === 1 ? '' : ` cache ${cache}`};`;
}

function describeView({ name, kind, options, definition }) {
  return `create ${kind === 'm' ? 'materialized ' : ''}view ${name}${options ? ` with (${options.join(', ')})` : ''} as\n${definition}`;
}

/** Without the one pair of parentheses PostgreSQL puts around the whole. */
function bare(expression) {
  return /^\([^()]*(\([^()]*\)[^()]*)*\)$/.test(expression) ? expression.slice(1, -1) : expression;
}

async function main() {
  const made = await withMigratedDatabase(async (url) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return await structure(client);
    } finally {
      await client.end();
    }
  });
  if (!process.argv.includes('--check')) return writeFileSync(file, made);
  if (existsSync(file) && readFileSync(file, 'utf8') === made) return;
  process.stderr.write('prisma/structure.sql is not what the migrations make: run `npm run gen`.\n');
  process.exitCode = 1;
}

if (process.argv[1] === import.meta.filename) await main();
