-- Roles, tenant context, the clock, and the one way to protect a table.

create schema app;

-- Roles belong to the cluster, not to a database, and several databases may be migrated at once: a role that is there
-- already is fine if it is harmless. They cannot log in, own nothing and bypass nothing; a pool takes one at connection
-- start, so whoever migrates must be able to SET ROLE. Since PostgreSQL 16 that is a property of its own, which
-- creating a role does not give.
do $$
declare
  version constant integer := current_setting('server_version_num')::integer;
  take constant text := case when version >= 160000 then 'SET' else 'MEMBER' end;
  terms constant text := case when version >= 160000 then ' with inherit false, set true' else '' end;
  wanted text;
begin
  foreach wanted in array array['basecommerce_app', 'basecommerce_operator', 'basecommerce_relay', 'basecommerce_engines'] loop
    begin
      execute format('create role %I nologin noinherit', wanted);
    exception when duplicate_object or unique_violation then null;
    end;
    if exists (
      select from pg_roles where rolname = wanted and (rolsuper or rolbypassrls or rolcanlogin or rolcreaterole or rolcreatedb or rolreplication)
    ) then
      raise exception 'the role % exists and has attributes that would defeat row security', wanted
        using hint = format('alter role %I nosuperuser nobypassrls nologin nocreaterole nocreatedb noreplication', wanted);
    end if;
    for attempt in 1..20 loop
      exit when pg_has_role(current_user, wanted, take);
      begin
        execute format('grant %I to current_user%s', wanted, terms);
      exception
        -- Another migrator grants the same at the same time.
        when unique_violation or internal_error then
          if attempt = 20 then raise; end if;
          perform pg_sleep(0.05);
        when insufficient_privilege then
          raise exception '% may not take the role %, which somebody else created', current_user, wanted
            using errcode = 'insufficient_privilege', hint = format('grant %I to %I%s', wanted, current_user, terms);
      end;
    end loop;
  end loop;
end $$;

-- Whatever is created from here on is closed until a migration opens it to somebody.
revoke all on schema public from public;
alter default privileges revoke execute on functions from public;
alter default privileges revoke usage on types from public;

grant usage on schema public, app to basecommerce_app, basecommerce_operator, basecommerce_relay, basecommerce_engines;

-- `set_config(…, true)` leaves an empty text behind when the transaction ends, not null: both mean "no tenant", and no
-- row has a null tenant, so a policy without context sees nothing.
create function app.current_tenant() returns uuid
  language sql stable parallel safe
  return nullif(current_setting('app.tenant_id', true), '')::uuid;

-- The clock every decision uses: transaction time, shifted in tests and by the demo seed.
create function app.now() returns timestamptz
  language sql stable parallel safe
  return now() + coalesce(nullif(current_setting('app.clock_offset', true), '')::interval, interval '0');

-- Row security for a table with tenant_id: enabled, forced (its owner included), one policy for tenants, and one policy
-- per crossing role that is named, each with exactly the grants it is given. An empty list means no access at all.
-- A primary key that does not start with tenant_id needs a reason here, and a line among the exceptions in tests/tenancy.
create procedure app.protect(
  target regclass,
  app text default '',
  operator text default '',
  engines text default '',
  relay text default '',
  unkeyed_because text default ''
)
  language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  crossing record;
  privileges text;
begin
  foreach privileges in array array[app, operator, engines, relay] loop
    if privileges !~ '^((select|insert|update|delete)(,\s*(select|insert|update|delete))*)?$' then
      raise exception 'not a list of select, insert, update and delete: %', privileges;
    end if;
  end loop;
  if not exists (
    select from pg_attribute where attrelid = target and attname = 'tenant_id' and attnotnull and atttypid = 'uuid'::regtype
  ) then
    raise exception '% has no tenant_id that is a uuid and not null', target;
  end if;
  if unkeyed_because = '' and not exists (
    select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
     where i.indrelid = target and i.indisprimary and a.attname = 'tenant_id'
  ) then
    raise exception 'the primary key of % does not start with tenant_id', target;
  end if;
  execute format('alter table %s enable row level security, force row level security', target);
  if app <> '' then
    execute format('create policy tenant_isolation on %s for all to basecommerce_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant())', target);
    execute format('grant %s on %s to basecommerce_app', app, target);
  end if;
  for crossing in
    select c.name, c.granted from (values ('operator', operator), ('engines', engines), ('relay', relay)) as c(name, granted) where c.granted <> ''
  loop
    execute format('create policy %I on %s for all to %I using (true) with check (true)', crossing.name || '_access', target, 'basecommerce_' || crossing.name);
    execute format('grant %s on %s to %I', crossing.granted, target, 'basecommerce_' || crossing.name);
  end loop;
end $$;

-- Called by every process when it starts: a pool that connects as a superuser, as the owner of tables, or as anybody who
-- bypasses row security would work, and isolate nothing.
create function app.assert_confined() returns void
  language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  owned text;
begin
  if exists (select from pg_roles where rolname = current_user and (rolsuper or rolbypassrls)) then
    raise exception 'The database role % bypasses row security.', current_user
      using errcode = 'BC500', detail = 'role_not_confined', hint = 'internal';
  end if;
  select string_agg(distinct pg_get_userbyid(c.relowner), ', ') into owned
    from pg_class c
   where c.relnamespace in ('public'::regnamespace, 'app'::regnamespace) and pg_has_role(current_user, c.relowner, 'MEMBER');
  if owned is not null then
    raise exception 'The database role % owns tables (through %).', current_user, owned
      using errcode = 'BC500', detail = 'role_not_confined', hint = 'internal';
  end if;
end $$;

-- Migrations whose first line says `-- breaking`, written down by the migrator: a process that does not know one of them
-- is older than the database allows, and refuses to start.
create table app.breaking_migrations (
  name       text        primary key,
  applied_at timestamptz not null default now()
);

grant select on app.breaking_migrations to basecommerce_app, basecommerce_operator, basecommerce_relay, basecommerce_engines;
grant execute on function app.current_tenant(), app.now(), app.assert_confined()
  to basecommerce_app, basecommerce_operator, basecommerce_relay, basecommerce_engines;

-- Readiness compares what is applied with what the process knows. The table is the migrator's, not ours: it is missing
-- where migrations are only rehearsed.
do $$
begin
  if to_regclass('public._prisma_migrations') is not null then
    grant select on public._prisma_migrations to basecommerce_app, basecommerce_operator, basecommerce_relay, basecommerce_engines;
  end if;
end $$;
