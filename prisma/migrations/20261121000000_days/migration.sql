-- A day that is being written to is attached under the strongest lock, asked for at the table before anything else is held.
-- With a weaker one, whoever had read the table and wrote to it next waited for the lock, while attaching waited for them
-- at the default partition: 500 ms of standstill that ended with the day left out. Now whoever is at
-- work in the table finishes first, and only those who come later wait.
create or replace function app.attach_day(parent text, day date) returns boolean
  language plpgsql set search_path = pg_catalog, public, pg_temp set lock_timeout = '500ms' as $$
declare
  part text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
begin
  if to_regclass(format('public.%I', part)) is not null then
    return false;
  end if;
  if day <= current_date then
    execute format('lock table public.%I in access exclusive mode', parent);
  end if;
  execute format('create table public.%I (like public.%I including defaults including constraints)', part, parent);
  execute format('alter table public.%I enable row level security, force row level security', part);
  execute format('alter table public.%I attach partition public.%I for values from (%L) to (%L)', parent, part, day, day + 1);
  return true;
exception
  when duplicate_table or check_violation or lock_not_available then
    return false;
end $$;
