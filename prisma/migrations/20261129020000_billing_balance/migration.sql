-- What has happened to an invoice and what is still owed on it, by the one rule for every reader. `total` is the invoice's.
-- A write-off counts as far as it has not been paid or credited after all; below zero, more was paid than is owed.
-- The planner puts the body into the statement that calls it, so row security and indexes apply as if it stood there.
create function app.billing_balance(tenant uuid, invoice uuid, total bigint)
  returns table (paid bigint, credited bigint, written_off bigint, owed bigint)
  language sql stable parallel safe
begin atomic
  select money.paid, notes.credited, taken.written_off, total - money.paid - notes.credited - taken.written_off
    from (select coalesce(sum(app.billing_owed_less(f.kind, f.amount_minor)), 0)::bigint as paid
            from billing_payment_facts f
           where f.tenant_id = tenant and f.invoice_id = invoice) as money
   cross join (select coalesce(sum(c.amount_minor) filter (where c.kind = 'credit'), 0)::bigint as credited,
                      coalesce(sum(c.amount_minor) filter (where c.kind = 'write_off'), 0)::bigint as given_up
                 from billing_credit_notes c
                where c.tenant_id = tenant and c.invoice_id = invoice) as notes
   cross join lateral (select least(notes.given_up, greatest(total - money.paid - notes.credited, 0)) as written_off) as taken;
end;

grant execute on function app.billing_balance(uuid, uuid, bigint) to basecommerce_app, basecommerce_operator, basecommerce_engines;
