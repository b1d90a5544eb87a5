-- What was answered under an Idempotency-Key is forgotten after seven days; so is what was asked that long ago and never answered. The relay does
-- it, as it drops the days of the events: its role sees of these tables which rows are that old, and no answer.
create index idempotency_records_recorded on idempotency_records (recorded_at);
create index idempotency_asks_asked on idempotency_asks (asking_until);

grant select (tenant_id, actor, key, recorded_at), delete on idempotency_records to basecommerce_relay;
grant select (tenant_id, actor, key, asking_until), delete on idempotency_asks to basecommerce_relay;

create policy relay_access on idempotency_records for all to basecommerce_relay
  using (recorded_at < now() - interval '7 days') with check (false);
create policy relay_access on idempotency_asks for all to basecommerce_relay
  using (asking_until < now() - interval '7 days') with check (false);
