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

-- The relay's and the live streams' way in: only the newest transactions are ever looked up.
create index outbox_events_xid on outbox_events (xid);

-- Rows whose day has no partition yet land here, so that a late partition never refuses an event.
create table outbox_events_default partition of outbox_events default;

alter table outbox_events_default enable row level security, force row level security;

call app.protect('outbox_events', app => 'select,insert', operator => 'select,insert', relay => 'select', engines => 'select,insert');

grant usage on sequence outbox_events_seq to basecommerce_app, basecommerce_operator, basecommerce_engines;

-- Days are created ahead and dropped behind by the relay, which owns nothing: these two functions are all it may do.
create function app.ensure_outbox_days(first date, last date) returns integer
  language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  day date;
  made integer := 0;
begin
  for day in select generate_series(first, last, interval '1 day')::date loop
    if to_regclass(format('public.outbox_events_%s', to_char(day, 'YYYYMMDD'))) is null then
      begin
        execute format('create table public.outbox_events_%s partition of public.outbox_events for values from (%L) to (%L)',
                       to_char(day, 'YYYYMMDD'), day, day + 1);
        execute format('alter table public.outbox_events_%s enable row level security, force row level security',
                       to_char(day, 'YYYYMMDD'));
        made := made + 1;
      exception
        when duplicate_table then null;
        -- The default partition already holds rows of that day: they stay there, and so does the rest of the day.
        when check_violation then null;
      end;
    end if;
  end loop;
  return made;
end $$;

revoke all on function app.ensure_outbox_days(date, date) from public;
grant execute on function app.ensure_outbox_days(date, date) to basecommerce_relay;
