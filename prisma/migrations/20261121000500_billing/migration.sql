-- What a provider will never take has an end of its own: too little is carried to the next invoice, anything else is paid
-- in another way.
alter table billing_payment_attempts drop constraint billing_payment_attempts_decline_check;
alter table billing_payment_attempts add constraint billing_payment_attempts_decline_check
  check (decline in ('soft', 'hard', 'never_arrived', 'too_small', 'not_chargeable')) not valid;
alter table billing_payment_attempts validate constraint billing_payment_attempts_decline_check;

-- `carried` settles an invoice whose rest the next one takes up; `surplus_refund` sends back what was overpaid.
alter table billing_payment_facts drop constraint billing_payment_facts_kind_check;
alter table billing_payment_facts add constraint billing_payment_facts_kind_check
  check (kind in ('payment', 'refund', 'dispute', 'dispute_won', 'surplus', 'carried', 'surplus_refund')) not valid;
alter table billing_payment_facts validate constraint billing_payment_facts_kind_check;

-- A store enters its card at the provider. `added_at` is when it asked for the page to do so, and orders the cards: the
-- newest one is charged, whatever the order in which the provider tells of them.
alter table billing_payment_methods
  add column brand       text,
  add column last4       text check (last4 ~ '^[0-9]{4}$'),
  add column exp_month   smallint check (exp_month between 1 and 12),
  add column exp_year    smallint check (exp_year between 2000 and 9999),
  add column added_by    text,
  add column removed_by  text,
  -- The provider has let go of it by itself: unlike a person's word, that says nothing about cards entered before.
  add column is_detached boolean not null default false;

grant update (is_default, removed_at, removed_by) on billing_payment_methods to basecommerce_app;

-- By how much a fact lowers what is owed on its invoice. What was overpaid has left the invoice before it is sent back.
create function app.billing_owed_less(kind text, amount bigint) returns bigint
  language sql immutable parallel safe
  return case when kind in ('payment', 'dispute_won', 'carried') then amount when kind = 'surplus_refund' then 0 else -amount end;

grant execute on function app.billing_owed_less(text, bigint) to basecommerce_app, basecommerce_operator, basecommerce_engines;
