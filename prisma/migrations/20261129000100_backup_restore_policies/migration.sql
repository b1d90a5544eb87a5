-- Every table that holds rows of a store states what a restore of that store does to it. The statement is the table's comment:
-- it follows the table when it is renamed, disappears with it, is in every dump, and needs no grant to be read.
--
--   restore: back; events: product
--
-- The first part is one of these policies:
--
--   back                     rows become what the archive says
--   events                   deliveries of events: rows go back for the aggregates that go back
--   highest COLUMN           the higher value stays, so that no number is given twice
--   clear                    rows are deleted and not exported
--   keep                     rows stay as they are; the export contains them
--   keep without COLUMN, …   rows stay as they are; the export contains them without these columns
--   keep unexported          rows stay as they are; the export does not contain them
--
-- The second part stands on the table that holds an aggregate's row. Its events go back when the table goes back.
create procedure app.set_restore_policy(target regclass, restore text, aggregate text default '')
  language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  named text;
begin
  if restore is null or restore !~ '^(back|events|highest [a-z_0-9]+|clear|keep( unexported| without [a-z_0-9]+(, [a-z_0-9]+)*)?)$' then
    raise exception 'not a restore policy: %', coalesce(restore, 'null')
      using hint = 'back, events, highest COLUMN, clear, keep, keep without COLUMN[, COLUMN…] or keep unexported';
  end if;
  foreach named in array string_to_array(coalesce(substring(restore from '^(?:highest|keep without) (.*)$'), ''), ', ') loop
    if not exists (select from pg_attribute where attrelid = target and attname = named and attnum > 0 and not attisdropped) then
      raise exception '% has no column %, which its restore policy names', target, named;
    end if;
  end loop;
  if aggregate is null or aggregate !~ '^([a-z]+(_[a-z]+)*)?$' then
    raise exception 'not the name of an aggregate: %', aggregate;
  end if;
  execute format('comment on table %s is %L', target, 'restore: ' || restore || case when aggregate = '' then '' else '; events: ' || aggregate end);
end $$;

-- As before, except that the restore policy is required.
drop procedure app.protect(regclass, text, text, text, text, text);

create procedure app.protect(
  target regclass,
  restore text,
  aggregate text default '',
  app text default '',
  operator text default '',
  engines text default '',
  relay text default '',
  unkeyed_because text default ''
)
  language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  crossing record;
  privileges text;
begin
  foreach privileges in array array[app, operator, engines, relay] loop
    if privileges !~ '^((select|insert|update|delete)(,\s*(select|insert|update|delete))*)?$' then
      raise exception 'not a list of select, insert, update and delete: %', privileges;
    end if;
  end loop;
  if not exists (
    select from pg_attribute where attrelid = target and attname = 'tenant_id' and attnotnull and atttypid = 'uuid'::regtype
  ) then
    raise exception '% has no tenant_id that is a uuid and not null', target;
  end if;
  if unkeyed_because = '' and not exists (
    select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
     where i.indrelid = target and i.indisprimary and a.attname = 'tenant_id'
  ) then
    raise exception 'the primary key of % does not start with tenant_id', target;
  end if;
  execute format('alter table %s enable row level security, force row level security', target);
  if app <> '' then
    execute format('create policy tenant_isolation on %s for all to basecommerce_app using (tenant_id = app.current_tenant()) with check (tenant_id = app.current_tenant())', target);
    execute format('grant %s on %s to basecommerce_app', app, target);
  end if;
  for crossing in
    select c.name, c.granted from (values ('operator', operator), ('engines', engines), ('relay', relay)) as c(name, granted) where c.granted <> ''
  loop
    execute format('create policy %I on %s for all to %I using (true) with check (true)', crossing.name || '_access', target, 'basecommerce_' || crossing.name);
    execute format('grant %s on %s to %I', crossing.granted, target, 'basecommerce_' || crossing.name);
  end loop;
  call app.set_restore_policy(target, restore, aggregate);
end $$;

-- The store's work goes back: its documents, and what the engines computed from them.
call app.set_restore_policy('customers', 'back', 'customer');
call app.set_restore_policy('sites', 'back', 'site');
call app.set_restore_policy('products', 'back', 'product');
call app.set_restore_policy('product_prices', 'back');
call app.set_restore_policy('quotes', 'back', 'quote');
call app.set_restore_policy('quote_lines', 'back');
call app.set_restore_policy('orders', 'back', 'order');
call app.set_restore_policy('order_lines', 'back');
call app.set_restore_policy('stock_levels', 'back', 'stock');
call app.set_restore_policy('stock_movements', 'back');
call app.set_restore_policy('stock_reservations', 'back');
call app.set_restore_policy('insights', 'back', 'insight');
call app.set_restore_policy('stock_engine_parameters', 'back');
call app.set_restore_policy('stock_engine_plans', 'back');
call app.set_restore_policy('stock_engine_products', 'back');
call app.set_restore_policy('stock_engine_receipts', 'back');
call app.set_restore_policy('stock_engine_sales', 'back');
call app.set_restore_policy('sales_engine_baskets', 'back');
call app.set_restore_policy('sales_engine_customers', 'back');
call app.set_restore_policy('sales_engine_items', 'back');
call app.set_restore_policy('sales_engine_pairs', 'back');
call app.set_restore_policy('sales_engine_products', 'back');
call app.set_restore_policy('sales_engine_quotes', 'back');

call app.set_restore_policy('outbox_events', 'events');
call app.set_restore_policy('inbox_events', 'events');
call app.set_restore_policy('engine_versions', 'events');
call app.set_restore_policy('deferred_events', 'events');
call app.set_restore_policy('failed_events', 'events');

-- A customer may hold a paper with the number: no other document gets it.
call app.set_restore_policy('document_counters', 'highest last');
-- The answers are about documents that may no longer exist.
call app.set_restore_policy('idempotency_records', 'clear');
-- A question that an outside system was asked still stands there and must not be asked a second time.
call app.set_restore_policy('idempotency_asks', 'keep unexported');

-- Who may sign in, and how, is not the store's to undo: a restore brings back no old password and no old role.
call app.set_restore_policy('tenants', 'keep', 'tenant');
call app.set_restore_policy('users', 'keep without password_hash', 'user');
call app.set_restore_policy('sessions', 'keep unexported');
call app.set_restore_policy('operator_audit_entries', 'keep unexported');

-- Computed from events of the tenant and of its account, which stay.
call app.set_restore_policy('stock_engine_tenants', 'keep');
call app.set_restore_policy('entitlements', 'keep');
call app.set_restore_policy('tenant_access', 'keep');
call app.set_restore_policy('entitlement_usage', 'keep', 'usage');
call app.set_restore_policy('entitlement_caps', 'keep');
call app.set_restore_policy('entitlement_untold', 'keep');
call app.set_restore_policy('entitlement_storage', 'keep');

-- The operator's books have one version and no gap: what was used, invoiced and paid stays so.
call app.set_restore_policy('billing_accounts', 'keep', 'account');
call app.set_restore_policy('billing_owners', 'keep');
call app.set_restore_policy('billing_subscriptions', 'keep');
call app.set_restore_policy('billing_plan_assignments', 'keep');
call app.set_restore_policy('billing_periods', 'keep');
call app.set_restore_policy('billing_phases', 'keep');
call app.set_restore_policy('billing_usage_events', 'keep');
call app.set_restore_policy('billing_usage_counters', 'keep');
call app.set_restore_policy('billing_usage_caps', 'keep');
call app.set_restore_policy('billing_invoices', 'keep');
call app.set_restore_policy('billing_invoice_lines', 'keep');
call app.set_restore_policy('billing_payment_methods', 'keep');
call app.set_restore_policy('billing_payment_attempts', 'keep');
call app.set_restore_policy('billing_payment_facts', 'keep');
call app.set_restore_policy('billing_credit_notes', 'keep');
call app.set_restore_policy('billing_ledger_entries', 'keep');
call app.set_restore_policy('billing_access_holds', 'keep');
call app.set_restore_policy('billing_access_episodes', 'keep');
call app.set_restore_policy('billing_access_transitions', 'keep');
call app.set_restore_policy('billing_notices', 'keep');
call app.set_restore_policy('billing_parked', 'keep');
