-- The outbox: one row per event, written in the transaction that made the event true, kept until retention drops its day.
-- Nothing marks a row as published. The relay remembers the snapshot it has read up to and asks for what became
-- visible since (see libs/platform/outbox), so `xid` is the transaction that wrote the row.

create sequence outbox_events_seq as bigint cache 1;

create table outbox_events (
  recorded_on       date        not null,
  tenant_id         uuid        not null,
  id                uuid        not null,
  seq               bigint      not null default nextval('outbox_events_seq'),
  xid               xid8        not null default pg_current_xact_id(),
  type              text        not null,
  schema_version    smallint    not null,
  aggregate         text        not null,
  aggregate_id      uuid        not null,
  aggregate_version integer     not null check (aggregate_version > 0),
  occurred_at       timestamptz not null,
  actor             text        not null,
  traceparent       text,
  data              json        not null,
  primary key (tenant_id, aggregate, aggregate_id, aggregate_version, recorded_on)
) partition by range (recorded_on);

-- The relay's and the live streams' way in: only the newest transactions are ever looked up. `seq` makes it the order in
-- which a large backlog is read in chunks.
create index outbox_events_xid on outbox_events (xid, seq);

-- Rows whose day has no partition yet land here, so that a late partition never refuses an event.
create table outbox_events_default partition of outbox_events default;

alter table outbox_events_default enable row level security, force row level security;

call app.protect('outbox_events', app => 'select,insert', operator => 'select,insert', relay => 'select', engines => 'select,insert');

grant usage on sequence outbox_events_seq to basecommerce_app, basecommerce_operator, basecommerce_engines;

-- Which stream partition an aggregate's events travel in. One place decides, for relay, worker and console alike.
create function app.event_partition(tenant uuid, aggregate_id uuid, partitions integer) returns integer
  language sql immutable strict parallel safe
  return mod(uuid_hash_extended(aggregate_id, uuid_hash_extended(tenant, 0)) & 9223372036854775807, partitions)::integer;

-- An outbox row as CloudEvents JSON (libs/contracts/event.ts). Built here, so that the relay passes opaque text on: parsing
-- and printing each event in the relay would cost more than reading it.
create function app.event_envelope(event outbox_events) returns text
  language sql stable parallel safe
  return '{"specversion":"1.0","id":"' || event.id
      || '","source":"basecommerce/' || event.aggregate
      || '","type":"' || event.type
      || '","subject":"' || event.aggregate || '/' || event.aggregate_id
      || '","time":"' || to_char(event.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      || '","datacontenttype":"application/json","dataschema":"' || event.type || '/v' || event.schema_version
      || '","tenantid":"' || event.tenant_id
      || '","aggregateversion":' || event.aggregate_version
      || coalesce(',"traceparent":' || to_json(event.traceparent), '')
      || ',"actor":' || to_json(event.actor)
      || ',"data":' || event.data || '}';

grant execute on function app.event_partition(uuid, uuid, integer), app.event_envelope(outbox_events)
  to basecommerce_app, basecommerce_operator, basecommerce_relay, basecommerce_engines;

-- Days are created ahead and dropped behind by the relay, which owns nothing: these functions are all it may do.
--
-- A day is made beside its table and then attached. `create table … partition of` would lock the whole table against
-- writers; attaching locks only the default partition, where nobody writes while days are made ahead. A day that is being
-- written to is another matter: a row on its way to the default partition would be refused once the day is attached. So
-- for that one, at an installation or after a week without a relay, writers wait at the table. Rows of a day which are
-- already in the default partition keep the day there: late is worse than unpartitioned.
create function app.attach_day(parent text, day date) returns boolean
  language plpgsql set search_path = pg_catalog, public, pg_temp set lock_timeout = '500ms' as $$
declare
  part text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
begin
  if to_regclass(format('public.%I', part)) is not null then
    return false;
  end if;
  if day <= current_date then
    execute format('lock table public.%I in share row exclusive mode', parent);
  end if;
  execute format('create table public.%I (like public.%I including defaults including constraints)', part, parent);
  execute format('alter table public.%I enable row level security, force row level security', part);
  execute format('alter table public.%I attach partition public.%I for values from (%L) to (%L)', parent, part, day, day + 1);
  return true;
exception
  when duplicate_table or check_violation or lock_not_available then
    return false;
end $$;

create function app.ensure_outbox_days(first date, last date) returns integer
  language sql security definer set search_path = pg_catalog, public, pg_temp as $$
  select count(*) filter (where app.attach_day('outbox_events', day::date))::integer
    from generate_series(first, last, interval '1 day') as day
$$;

revoke all on function app.attach_day(text, date) from public;
revoke all on function app.ensure_outbox_days(date, date) from public;
grant execute on function app.ensure_outbox_days(date, date) to basecommerce_relay;
