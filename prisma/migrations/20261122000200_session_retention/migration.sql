-- A session is forgotten thirty days after its end, by which every token of it has long been refused. The relay does it, and its role
-- sees of this table which rows are that old, and no hash.
create index sessions_expired on sessions (expires_at);

grant select (tenant_id, id, expires_at), delete on sessions to basecommerce_relay;

create policy relay_access on sessions for all to basecommerce_relay
  using (expires_at < now() - interval '30 days') with check (false);
