-- The operator's payment providers. Their keys are sealed by the application; the database never sees one.
create table billing_providers (
  name                  text        primary key check (name ~ '^[a-z][a-z0-9_]*$'),
  sealed_key            bytea       not null,
  sealed_webhook_secret bytea       not null,
  added_at              timestamptz not null,
  added_by              text        not null
);

grant select, insert, update on billing_providers to basecommerce_operator;
grant select on billing_providers to basecommerce_engines;
