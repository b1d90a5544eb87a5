-- The question whether anything may leave rides with every batch of every engine and every relay's mark. As SQL functions
-- its parts were parsed and planned anew by each statement that asked (0.31 ms, a seventh of a core at 440 batches a
-- second); PL/pgSQL keeps the plans for the life of a connection (0.02 ms). The answers are the same.
create or replace function app.database_lineage() returns text
  language plpgsql stable as $$
begin
  return (select system_identifier from pg_control_system())
      || '/' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)
      || '/' || (select oid from pg_database where datname = current_database());
end $$;

create or replace function app.recovery_fence() returns text
  language plpgsql stable as $$
begin
  return (
    select coalesce(s.fenced_because,
                    case when s.lineage <> app.database_lineage()
                         then 'This database is a restored or promoted copy of the one in which epoch ' || s.epoch || ' began.' end)
      from recovery_state s);
end $$;
