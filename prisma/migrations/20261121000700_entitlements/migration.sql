-- A store's own caps are told to billing, each as an aggregate whose versions count its changes. A cap that is taken away stays
-- as a row without a figure, so that the count goes on. A process of the release before knows nothing of this: what it sets is
-- not told until the pass `usage-storage` sees that `told_at` is behind `set_at`; so are the caps from before this migration. One
-- that it takes away in that minute is deleted, and stands in billing's forecast until the store sets it again; nothing is
-- refused or billed by that.
alter table entitlement_caps
  alter column cap drop not null,
  add column telling uuid,
  add column version integer not null default 0,
  add column told_at timestamptz;

-- The pass looks for what is not told, over all stores; it tells as the store itself.
grant select (tenant_id, set_at, told_at) on entitlement_caps to basecommerce_engines;
create policy engines_access on entitlement_caps for all to basecommerce_engines using (true) with check (true);
