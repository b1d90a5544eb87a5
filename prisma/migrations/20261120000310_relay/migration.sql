-- The relay's memory. Its protocol is told in libs/platform/outbox/relay.

-- One active relay per vertical; `epoch` rises with every change of hands and is the fencing token.
create table relay_leases (
  vertical   text        not null primary key,
  epoch      bigint      not null,
  holder     text        not null,
  expires_at timestamptz not null
);

-- Everything visible in `published` is in Redis or was.
create table relay_positions (
  vertical     text        not null primary key,
  published    pg_snapshot not null,
  -- When that snapshot was taken; the hot path does not look at days long before it.
  published_at timestamptz not null
);

-- Everything visible in `confirmed` is in that engine's hands (applied, deferred or failed): Redis may forget it.
create table relay_confirmations (
  vertical  text        not null,
  engine    text        not null,
  confirmed pg_snapshot not null,
  saved_at  timestamptz not null default now(),
  primary key (vertical, engine)
);

grant select, insert, update on relay_leases, relay_positions, relay_confirmations to basecommerce_relay;
grant select on relay_leases, relay_positions, relay_confirmations to basecommerce_operator;

-- Drops the days of the outbox and the inbox before `horizon`, as far as every engine has confirmed all of them: a
-- day with one row that an engine may still need stays, and so do all days after it.
create function app.drop_event_days(horizon date) returns integer
  language plpgsql security definer set search_path = pg_catalog, public, pg_temp set lock_timeout = '500ms' as $$
declare
  day text;
  is_needed boolean;
  dropped integer := 0;
begin
  for day in
    select right(relname, 8) from pg_class join pg_inherits on inhrelid = oid
     where inhparent = 'public.outbox_events'::regclass and relname ~ '^outbox_events_[0-9]{8}$'
       and to_date(right(relname, 8), 'YYYYMMDD') < horizon
     order by 1
  loop
    -- Row security is forced on owners too: left on, it would hide every row from this check and drop what is needed.
    -- The lock that lifting it takes is the one the drop needs, and nothing is filed under that day meanwhile.
    execute format('alter table public.%I no force row level security', 'outbox_events_' || day);
    execute format('select exists (select from public.%I o
                                     where not coalesce((select bool_and(pg_visible_in_snapshot(o.xid, p.confirmed))
                                                           from public.relay_confirmations p), false))', 'outbox_events_' || day)
      into is_needed;
    if is_needed then
      execute format('alter table public.%I force row level security', 'outbox_events_' || day);
      exit;
    end if;
    execute format('drop table public.%I', 'outbox_events_' || day);
    execute format('drop table if exists public.%I', 'inbox_events_' || day);
    dropped := dropped + 1;
  end loop;
  return dropped;
exception
  when lock_not_available then
    return 0;
end $$;

revoke all on function app.drop_event_days(date) from public;
grant execute on function app.drop_event_days(date) to basecommerce_relay;
