-- The stores' own caps, as their events tell them: for people who look, and never for a bill. Null: taken away.
create table billing_usage_caps (
  tenant_id uuid        not null,
  meter     text        not null,
  cap       bigint      check (cap >= 0),
  set_by    text        not null,
  set_at    timestamptz not null,
  version   integer     not null,
  primary key (tenant_id, meter)
);

call app.protect('billing_usage_caps', app => 'select', operator => 'select', engines => 'select,insert,update');
