-- What other rooms may read of a tenant within their own statements. Only the room `tenancy` touches the table: a column
-- that it renames or moves is changed here and nowhere else.

-- The currency of the tenant that the transaction is bound to.
create function app.tenant_currency() returns text
  language sql stable
  return (select t.currency from tenants t where t.id = app.current_tenant());

-- The name and state of the tenant that the transaction is bound to: one row.
create function app.tenant_profile() returns table (legal_name text, state text)
  language sql stable
begin atomic
  select t.legal_name, t.state from tenants t where t.id = app.current_tenant();
end;

-- The tenant of a slug or an id, as a person types it: one row or none.
create function app.find_tenant(slug_or_id text) returns table (id uuid, slug text, state text)
  language sql stable
begin atomic
  select t.id, t.slug, t.state from tenants t where t.slug = slug_or_id or t.id::text = slug_or_id;
end;

grant execute on function app.tenant_currency(), app.tenant_profile() to basecommerce_app;
grant execute on function app.find_tenant(text) to basecommerce_operator;
