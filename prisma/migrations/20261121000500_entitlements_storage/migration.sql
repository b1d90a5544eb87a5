-- Units that were used while no period was told: before a plan begins, and in the night in which its events are on their way. Once a
-- period is told that holds them, they count in it. By the quarter of an hour, because periods begin at a local midnight, and no
-- zone is off by less.
create table entitlement_untold (
  tenant_id uuid        not null references tenants (id),
  meter     text        not null check (meter in ('orders', 'quotes', 'active_users', 'api_calls', 'stored_mb')),
  quarter   timestamptz not null,
  used      bigint      not null check (used > 0),
  primary key (tenant_id, meter, quarter)
);

call app.protect('entitlement_untold', app => 'select,insert,update');

-- What billing has counted, as it last said. Of what requests reserve, our own count is newer and counts.
alter table entitlements add column told_used bigint not null default 0;

-- What billing had counted of the period before the first unit was reserved in it, beyond what we had noticed ourselves.
alter table entitlement_usage add column base bigint not null default 0 check (base >= 0);

-- What a store keeps, measured once a day.
create table entitlement_storage (
  tenant_id   uuid        not null references tenants (id),
  measured_on date        not null,
  measured_at timestamptz not null,
  bytes       bigint      not null check (bytes >= 0),
  primary key (tenant_id, measured_on)
);

call app.protect('entitlement_storage', app => 'select,insert');

-- The bytes of the current tenant's rows, as PostgreSQL keeps them: of every table into which a store's requests write, found in
-- the catalogue, so that a new one counts by itself. Not what the platform writes down for its own sake.
create function app.stored_bytes() returns bigint
  language plpgsql stable set search_path = pg_catalog, public, pg_temp as $$
declare
  query text;
  total bigint;
begin
  select string_agg(format('select sum(pg_column_size(t.*)) as bytes from public.%I t where t.tenant_id = app.current_tenant()', c.relname),
                    ' union all ' order by c.relname)
    into query
    from pg_class c
   where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
     and has_table_privilege(c.oid, 'insert')
     and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id')
     and c.relname <> all (array['document_counters', 'entitlement_caps', 'entitlement_storage', 'entitlement_untold', 'entitlement_usage',
                                 'idempotency_records', 'outbox_events', 'sessions']);
  execute format('select coalesce(sum(bytes), 0)::bigint from (%s) as each', query) into total;
  return total;
end $$;

grant execute on function app.stored_bytes() to basecommerce_app;
