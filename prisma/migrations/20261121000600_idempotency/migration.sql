-- What a request with an Idempotency-Key is asking somebody outside, from before it asks until its answer is recorded. The row
-- outlives the process that asks: whoever repeats the request asks the same again, under the same id.
create table idempotency_asks (
  tenant_id    uuid        not null,
  actor        text        not null,
  key          text        not null,
  fingerprint  text        not null,
  -- By which the other side tells a repetition.
  asked_as     uuid        not null,
  question     json        not null,
  asked_at     timestamptz not null,
  -- Until then somebody is taken to be asking.
  asking_until timestamptz not null,
  primary key (tenant_id, actor, key)
);

call app.protect('idempotency_asks', app => 'select,insert,update,delete');

-- As before, and without the table above: the platform writes it down for its own sake.
create or replace function app.stored_bytes() returns bigint
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
                                 'idempotency_asks', 'idempotency_records', 'outbox_events', 'sessions']);
  execute format('select coalesce(sum(bytes), 0)::bigint from (%s) as each', query) into total;
  return total;
end $$;
