-- What the engines have heard: exactly-once, in order, and what could not be applied yet or at all.
-- The protocol is told in libs/platform/inbox/worker; only the holder of a lease writes here, with two exceptions: an
-- operator's decision about a failed event, and a replay, which takes every lease row of its engine first.

-- One row per event and engine, written in the transaction that applied the event.
create table inbox_events (
  recorded_on date        not null,
  tenant_id   uuid        not null,
  engine      text        not null,
  event_id    uuid        not null,
  outcome     text        not null default 'applied' check (outcome in ('applied', 'dropped')),
  recorded_at timestamptz not null default now(),
  primary key (tenant_id, engine, event_id, recorded_on)
) partition by range (recorded_on);

create table inbox_events_default partition of inbox_events default;
alter table inbox_events_default enable row level security, force row level security;
call app.protect('inbox_events', operator => 'select', engines => 'select,insert', relay => 'select');

-- The version gate: how far one aggregate has been applied by one engine. `waiting` is the lowest version that is held in
-- deferred_events, `is_parked` says that version + 1 is held in failed_events, and `baseline` is the version from which
-- counting started when earlier events had already left the outbox.
create table engine_versions (
  tenant_id    uuid    not null,
  engine       text    not null,
  aggregate_id uuid    not null,
  aggregate    text    not null,
  version      integer not null check (version >= 0),
  waiting      integer,
  is_parked    boolean not null default false,
  baseline     integer,
  primary key (tenant_id, engine, aggregate_id, aggregate)
) with (fillfactor = 70);

call app.protect('engine_versions', operator => 'select', engines => 'select,insert,update');

-- Events that came before their predecessor. The stream has let go of them; they wait here with their body.
create table deferred_events (
  tenant_id         uuid        not null,
  engine            text        not null,
  aggregate_id      uuid        not null,
  aggregate         text        not null,
  aggregate_version integer     not null,
  event_id          uuid        not null,
  body              text        not null,
  deferred_at       timestamptz not null default now(),
  primary key (tenant_id, engine, aggregate_id, aggregate, aggregate_version)
);

call app.protect('deferred_events', operator => 'select', engines => 'select,insert,delete', relay => 'select');

-- Events an engine refused. Retried with growing delay, then dead until an operator decides.
create table failed_events (
  tenant_id         uuid        not null,
  engine            text        not null,
  aggregate_id      uuid        not null,
  aggregate         text        not null,
  aggregate_version integer     not null,
  event_id          uuid        not null,
  type              text        not null,
  body              text        not null,
  state             text        not null check (state in ('retrying', 'dead')),
  attempts          integer     not null,
  error             text        not null,
  first_failed_at   timestamptz not null default now(),
  last_failed_at    timestamptz not null default now(),
  -- When the worker looks at it again; null once dead.
  next_attempt_at   timestamptz,
  -- What an operator decided; the worker carries it out under its lease.
  decision          text check (decision in ('replay', 'drop')),
  decided_by        text,
  primary key (tenant_id, engine, aggregate_id, aggregate, aggregate_version)
);

create index failed_events_due on failed_events (engine, next_attempt_at) where next_attempt_at is not null;
create index failed_events_event on failed_events (tenant_id, event_id);

call app.protect('failed_events', operator => 'select', engines => 'select,insert,update,delete', relay => 'select');
grant update (decision, decided_by, next_attempt_at) on failed_events to basecommerce_operator;

-- Who handles which partition of which engine. `epoch` rises with every change of hands and is the fencing token.
create table consumer_leases (
  engine     text        not null,
  partition  integer     not null,
  epoch      bigint      not null,
  holder     text,
  expires_at timestamptz not null,
  primary key (engine, partition)
);

-- The workers that are alive, per engine they run, so that each knows its fair share.
create table consumer_members (
  engine     text        not null,
  holder     text        not null,
  expires_at timestamptz not null,
  primary key (engine, holder)
);

grant select, insert, update on consumer_leases to basecommerce_engines;
grant select, insert, update, delete on consumer_members to basecommerce_engines;
grant select on consumer_leases, consumer_members to basecommerce_operator, basecommerce_relay;

create function app.ensure_inbox_days(first date, last date) returns integer
  language sql security definer set search_path = pg_catalog, public, pg_temp as $$
  select count(*) filter (where app.attach_day('inbox_events', day::date))::integer
    from generate_series(first, last, interval '1 day') as day
$$;

revoke all on function app.ensure_inbox_days(date, date) from public;
grant execute on function app.ensure_inbox_days(date, date) to basecommerce_relay;
