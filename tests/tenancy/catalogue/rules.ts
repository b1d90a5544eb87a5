/**
 * The rules for every table, index, policy, function and role. They read PostgreSQL's own catalogue, so that every new
 * table is checked like all others.
 *
 * A rule is a query that returns its violations. Exceptions are listed with a reason and checked in both directions:
 * one that no longer excuses anything is a violation too.
 */
import type pg from 'pg';

export const ROLES = [
  'basecommerce_app',
  'basecommerce_operator',
  'basecommerce_relay',
  'basecommerce_engines',
] as const;
export type Role = (typeof ROLES)[number];

export type Exceptions = Partial<Record<RuleName, Readonly<Record<string, string>>>>;

/** Relations of ours. `key` is the column that holds the tenant: a tenant's own row keeps it in `id`. */
const RELATIONS = `
  relations as (
    select c.oid, c.relname::text as name, c.relkind, c.relispartition, c.relrowsecurity, c.relforcerowsecurity, c.relowner, c.relacl, c.reloptions,
           case when c.oid = to_regclass('public.tenants') then 'id' else 'tenant_id' end as key
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
       and not exists (select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'e')
  ),
  tables as (
    select r.*, a.attnum as key_number, a.attnotnull and a.atttypid = 'uuid'::regtype as is_key_sound
      from relations r left join pg_attribute a on a.attrelid = r.oid and a.attname = r.key and not a.attisdropped
     where r.relkind in ('r', 'p')
  ),
  tenant_tables as (select * from tables where key_number is not null),
  ours as (select oid, rolname::text as name from pg_roles where rolname like 'basecommerce\\_%'),
  privileges as (
    select r.oid, r.name, x.grantee, lower(x.privilege_type) as privilege, null as attname from relations r, aclexplode(r.relacl) x where x.grantee <> r.relowner
    union all
    select r.oid, r.name, x.grantee, lower(x.privilege_type), a.attname::text
      from relations r join pg_attribute a on a.attrelid = r.oid and a.attacl is not null, aclexplode(a.attacl) x where x.grantee <> r.relowner
  ),
  functions as (
    select p.oid, n.nspname || '.' || p.proname as name, p.prosecdef, p.proconfig, p.proacl, p.proowner
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
       and not exists (select from pg_depend d where d.objid = p.oid and d.classid = 'pg_proc'::regclass and d.deptype = 'e')
  )`;

const RULES = {
  'every table belongs to a tenant': `select name from tables where key_number is null`,

  'tenant_id is a uuid and never null': `select name from tenant_tables where not is_key_sound`,

  'row security is enabled and forced': `select name from tenant_tables where not relrowsecurity or not relforcerowsecurity`,

  // A table that the tenants' role may use has one policy for it; other roles have no policy and see no row.
  "a tenant's access goes through tenant_isolation, reading and writing": `
    select t.name from tenant_tables t
     where exists (select from privileges p join ours on ours.oid = p.grantee where p.oid = t.oid and ours.name = 'basecommerce_app')
       and not exists (
         select from pg_policy p
          where p.polrelid = t.oid and p.polname = 'tenant_isolation' and p.polcmd = '*' and p.polpermissive
            and p.polroles = array[(select oid from ours where name = 'basecommerce_app')]
            and pg_get_expr(p.polqual, p.polrelid) = format('(%s = app.current_tenant())', t.key)
            and pg_get_expr(p.polwithcheck, p.polrelid) = format('(%s = app.current_tenant())', t.key))`,

  'no other policy opens a table to tenants or to everybody': `
    select t.name || '.' || p.polname from tables t join pg_policy p on p.polrelid = t.oid
     where p.polpermissive and p.polname <> 'tenant_isolation'
       and p.polroles && array[0::oid, (select oid from ours where name = 'basecommerce_app')]`,

  'partitions are reached through their table only': `
    select distinct t.name from tables t where t.relispartition
       and (exists (select from privileges p where p.oid = t.oid) or exists (select from pg_policy p where p.polrelid = t.oid))`,

  'primary keys start with tenant_id': `
    select t.name from tenant_tables t
     where t.name <> 'tenants' and not exists (select from pg_index i where i.indrelid = t.oid and i.indisprimary and i.indkey[0] = t.key_number)`,

  'indexes start with tenant_id': `
    select i.name from tenant_tables t join pg_index x on x.indrelid = t.oid join relations i on i.oid = x.indexrelid
     where x.indkey[0] <> t.key_number and not i.relispartition`,

  'rows of stores have a restore policy': `
    select name from tenant_tables
     where not relispartition and coalesce(obj_description(oid, 'pg_class'), '') !~ '^restore: (back|events|highest|clear|keep)( |;|$)'`,

  // A restore deletes and writes rows: a row that stays would lose the row that it refers to.
  'rows go back only with the rows they refer to': `
    select distinct t.name || ' to ' || f.name
      from pg_constraint c join tenant_tables t on t.oid = c.conrelid join tenant_tables f on f.oid = c.confrelid
     where c.contype = 'f' and f.name <> 'tenants' and obj_description(t.oid, 'pg_class') ~ '^restore: back'
       and obj_description(f.oid, 'pg_class') !~ '^restore: back'
    union all
    select distinct t.name || ' to ' || f.name
      from pg_constraint c join tenant_tables t on t.oid = c.conrelid join tenant_tables f on f.oid = c.confrelid
     where c.contype = 'f' and obj_description(f.oid, 'pg_class') ~ '^restore: (back|clear)'
       and obj_description(t.oid, 'pg_class') !~ '^restore: (back|clear)'`,

  // Two tenants may use the same code, number and document.
  'unique indexes carry tenant_id': `
    select i.name from tenant_tables t join pg_index x on x.indrelid = t.oid join relations i on i.oid = x.indexrelid
     where x.indisunique and not (t.key_number = any (x.indkey[0:x.indnkeyatts - 1])) and not i.relispartition`,

  // Checking a foreign key ignores row security: without the tenant in it, a row could point at another tenant's.
  'foreign keys carry tenant_id': `
    select t.name || '.' || c.conname
      from pg_constraint c join tables t on t.oid = c.conrelid join tenant_tables f on f.oid = c.confrelid
     where c.contype = 'f' and c.conparentid = 0
       and not exists (
         select from unnest(c.conkey, c.confkey) as k(here, there) where k.here = t.key_number and k.there = f.key_number)`,

  'views run with the rights of their caller': `
    select name from relations
     where relkind = 'v' and not coalesce(reloptions @> array['security_invoker=true'] or reloptions @> array['security_invoker=on'], false)`,

  'nothing stores rows outside row security': `select name from relations where relkind in ('m', 'f')`,

  'no function runs with the rights of its owner': `select name from functions where prosecdef`,

  'functions with the rights of their owner fix their search_path': `
    select name from functions
     where prosecdef and not exists (select from unnest(proconfig) as setting where setting ~ '^search_path=(.*, *)?pg_temp$')`,

  'nothing is granted to everybody': `
    select 'function ' || name from functions where proacl is null or exists (select from aclexplode(proacl) x where x.grantee = 0)
    union all select 'relation ' || p.name from privileges p where p.grantee = 0
    union all select 'schema ' || nspname from pg_namespace, aclexplode(nspacl) x where nspname in ('public', 'app') and x.grantee = 0`,

  // TRUNCATE ignores row security; a new trigger or foreign key sees rows that row security hides.
  'roles read and write rows and do nothing else to tables': `
    select distinct ours.name || ' ' || p.privilege || ' ' || p.name
      from privileges p join ours on ours.oid = p.grantee join relations r on r.oid = p.oid
     where p.privilege <> all (case when r.relkind = 'S' then array['usage'] else array['select', 'insert', 'update', 'delete'] end)`,

  'roles have no attribute and belong to no role': `
    select rolname::text from pg_roles join ours using (oid)
     where rolsuper or rolbypassrls or rolcanlogin or rolcreaterole or rolcreatedb or rolreplication
    union all select ours.name || ' in ' || pg_get_userbyid(m.roleid) from pg_auth_members m join ours on ours.oid = m.member`,

  'roles own nothing and create nothing': `
    select distinct ours.name from pg_shdepend d join ours on ours.oid = d.refobjid
     where d.deptype = 'o' and d.dbid in (0, (select oid from pg_database where datname = current_database()))
    union all select ours.name || ' in ' || n.nspname from ours, pg_namespace n where n.nspname in ('public', 'app') and has_schema_privilege(ours.oid, n.oid, 'create')`,
} as const;

export type RuleName = keyof typeof RULES;
export const RULE_NAMES = Object.keys(RULES) as RuleName[];

/** One line for each violation. */
export async function violations(client: pg.ClientBase, exceptions: Exceptions): Promise<string[]> {
  const found: string[] = [];
  for (const rule of RULE_NAMES) {
    const { rows } = await client.query<{ name: string }>(
      `with ${RELATIONS} select name from (${RULES[rule]}) as broken(name) order by name collate "C"`,
    );
    const excused = exceptions[rule] ?? {};
    const names = new Set(rows.map((row) => row.name));
    for (const name of names) if (!excused[name]) found.push(`${rule}: ${name}`);
    for (const name of Object.keys(excused))
      if (!names.has(name)) found.push(`${rule}: ${name} is listed as an exception and is none`);
  }
  return found;
}

/**
 * The roles that see rows of more than one tenant, with their privileges and rows: `table role: privileges, if not all:
 * where …`.
 */
export async function crossings(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ crossing: string }>(`with ${RELATIONS}
    select t.name || ' ' || substr(ours.name, 14) || ': ' || granted.list || case
             when t.key_number is null then ''
             else coalesce((
               select string_agg(case when seen = 'true' and written = 'true' then '' else format(', where %s, writing %s', seen, written) end, '')
                 from pg_policy p, lateral (select pg_get_expr(p.polqual, p.polrelid) as seen, pg_get_expr(p.polwithcheck, p.polrelid) as written) q
                where p.polrelid = t.oid and p.polroles @> array[ours.oid]), ', without a policy') end as crossing
      from tables t, ours,
           lateral (select string_agg(distinct p.privilege || coalesce(' of ' || p.attname, ''), ', ') as list
                      from privileges p where p.oid = t.oid and p.grantee = ours.oid) granted
     where granted.list is not null and (t.key_number is null or ours.name <> 'basecommerce_app')
    union all
    select t.name || ' ' || substr(ours.name, 14) || ': nothing, with the policy ' || p.polname
      from tables t join pg_policy p on p.polrelid = t.oid join ours on p.polroles @> array[ours.oid]
     where ours.name <> 'basecommerce_app' and not exists (select from privileges g where g.oid = t.oid and g.grantee = ours.oid)`);
  return rows.map((row) => row.crossing).sort();
}
