-- A room declares here how long the rows of a table are kept; the relay deletes older ones. The declaration is the only source:
-- the relay's policy is made from it, so the relay sees, and can delete, no younger row.
create table app.retention_rules (
  table_name  regclass primary key,
  -- A row is kept for `kept_for` after the moment in this column.
  counts_from name     not null,
  kept_for    interval not null
);

grant select on app.retention_rules to basecommerce_relay;

-- Index `counts_from` in the same migration: the rows to delete are found by it.
create procedure app.keep_rows(target regclass, counts_from name, kept_for interval)
  language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  visible text;
begin
  select string_agg(distinct quote_ident(a.attname), ', ') into visible
    from pg_attribute a
   where a.attrelid = target
     and (a.attname = counts_from or a.attnum = any (
       select unnest(i.indkey::int2[]) from pg_index i where i.indrelid = target and i.indisprimary));
  insert into app.retention_rules values (target, counts_from, kept_for);
  execute format('grant select (%s), delete on %s to basecommerce_relay', visible, target);
  execute format('drop policy if exists relay_access on %s', target);
  execute format('create policy relay_access on %s for all to basecommerce_relay using (%I < now() - %L::interval) with check (false)',
    target, counts_from, kept_for);
end $$;

-- A device without a connection sends a kept request again within seven days. A question that was asked lately may still be
-- under way, however long ago it was asked for the first time.
call app.keep_rows('idempotency_records', 'recorded_at', '7 days');
call app.keep_rows('idempotency_asks', 'asking_until', '7 days');
-- Every token of a session has long been refused thirty days after its end.
call app.keep_rows('sessions', 'expires_at', '30 days');
