-- A database that was restored does not know what left it after the moment it was restored to: events in Redis, mails,
-- charges. Until a person has confirmed that, nothing leaves it (libs/platform/recovery).

-- One row. `lineage` names the physical database in which the epoch began; another one's copy of this row says by it that
-- it is a copy. Null until the first relay has seen the database.
create table recovery_state (
  is_only        boolean     primary key default true check (is_only),
  epoch          bigint      not null check (epoch > 0),
  lineage        text,
  opened_at      timestamptz not null,
  opened_by      text        not null,
  fenced_at      timestamptz,
  fenced_by      text,
  fenced_because text,
  check ((fenced_at is null) = (fenced_by is null) and (fenced_at is null) = (fenced_because is null))
);

insert into recovery_state (epoch, opened_at, opened_by) values (1, now(), 'system:migration');

-- One row for each term of a relay, and how often it has left its mark, here first and then in Redis: a mark that Redis
-- has and this table does not was made in a future that this database has lost.
create table recovery_terms (
  term      uuid        primary key,
  vertical  text        not null,
  marks     bigint      not null,
  marked_at timestamptz not null default now()
);

grant select on recovery_state to basecommerce_app, basecommerce_engines;
grant select, update on recovery_state to basecommerce_relay, basecommerce_operator;
grant select, insert, update, delete on recovery_terms to basecommerce_relay;

-- Confirming an epoch takes every partition away from its worker, so that no batch outlives the epoch it was read in.
grant update (epoch, holder, expires_at) on consumer_leases to basecommerce_operator;

-- Which physical database this is: the cluster, its timeline (a new one begins with every restore to a point in time, and
-- with every promotion of a standby), and the database in it.
create function app.database_lineage() returns text
  language sql stable
  return (select system_identifier from pg_control_system())
      || '/' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)
      || '/' || (select oid from pg_database where datname = current_database());

-- Why nothing may leave the database right now; null when it may.
create function app.recovery_fence() returns text
  language sql stable
  return (
    select coalesce(s.fenced_because,
                    case when s.lineage <> app.database_lineage()
                         then 'This database is a restored or promoted copy of the one in which epoch ' || s.epoch || ' began.' end)
      from recovery_state s);

-- Rides in front of whatever has an effect outside, and of whatever takes in what came from outside.
create function app.assert_not_fenced() returns void
  language plpgsql stable as $$
declare
  because constant text := app.recovery_fence();
begin
  if because is not null then
    raise exception 'Nothing leaves this database until an operator confirms a recovery epoch. %', because
      using errcode = 'BC503', detail = 'recovery_fenced', hint = 'unavailable';
  end if;
end $$;

grant execute on function app.database_lineage(), app.recovery_fence(), app.assert_not_fenced()
  to basecommerce_app, basecommerce_operator, basecommerce_relay, basecommerce_engines;
