-- no-transaction
-- Usage that came more than a year late, a few rows if any: who looks for what no pass bills must not walk all usage.
create index concurrently if not exists billing_usage_events_late on billing_usage_events (tenant_id, occurred_at)
  where received_at - occurred_at > interval '400 days';
