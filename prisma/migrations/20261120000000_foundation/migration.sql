-- Roles, tenant context and the one way to protect a table.
--
-- Roles belong to the cluster, not to a database, and several databases may be migrated at once: creating one that is
-- there already is not an error. They cannot log in, own nothing and bypass nothing; a pool takes one at connection start.

create schema if not exists app;

do $$
declare
  wanted text;
begin
  foreach wanted in array array['basecommerce_app', 'basecommerce_operator', 'basecommerce_relay', 'basecommerce_engines'] loop
    begin
      execute format('create role %I nologin noinherit nosuperuser nobypassrls nocreatedb nocreaterole', wanted);
    exception when duplicate_object or unique_violation then null;
    end;
    if not pg_has_role(current_user, wanted, 'usage') or not (select rolsuper from pg_roles where rolname = current_user) then
      begin
        execute format('grant %I to current_user', wanted);
      exception when others then
        if not pg_has_role(current_user, wanted, 'member') then raise; end if;
      end;
    end if;
  end loop;
end $$;

revoke create on schema public from public;
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
create procedure app.protect(target regclass, app text default '', operator text default '', engines text default '', relay text default '')
  language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  crossing record;
begin
  if not exists (select from pg_attribute where attrelid = target and attname = 'tenant_id' and attnotnull) then
    raise exception '% has no tenant_id that is not null', target;
  end if;
  if not exists (
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
  for crossing in select * from (values ('operator', operator), ('engines', engines), ('relay', relay)) as c(name, privileges) where privileges <> '' loop
    execute format('create policy %I on %s for all to %I using (true) with check (true)', crossing.name || '_access', target, 'basecommerce_' || crossing.name);
    execute format('grant %s on %s to %I', crossing.privileges, target, 'basecommerce_' || crossing.name);
  end loop;
end $$;

revoke execute on procedure app.protect(regclass, text, text, text, text) from public;
