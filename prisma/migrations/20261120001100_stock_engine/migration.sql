-- What the stock engine has heard (facts) and what it computed from it (plans). Rebuilt from events alone.

create table stock_engine_tenants (
  tenant_id uuid not null primary key,
  time_zone text not null
);

-- One row per product: description, balance and moments, each from its own aggregate and in any order, hence nullable.
create table stock_engine_products (
  tenant_id      uuid          not null,
  product_id     uuid          not null,
  code           text,
  name           text,
  unit           text,
  category       text,
  price          numeric(18,6),
  currency       text,
  on_hand        numeric(15,3),
  reserved       numeric(15,3),
  receipts       integer       not null default 0,
  first_moved_at timestamptz,
  last_sold_at   timestamptz,
  -- The earliest sale heard of since the last review: older than today, it changes what a forecast learns from.
  news_from      timestamptz,
  facts_at       timestamptz   not null,
  is_stale       boolean       not null default true,
  primary key (tenant_id, product_id)
) with (fillfactor = 80);

create index stock_engine_products_stale on stock_engine_products (tenant_id, product_id) where is_stale;

-- Sales per quarter of an hour, in base units. The day a sale belongs to depends on the tenant's time zone, which may
-- become known after the sale; every zone's offset is a multiple of a quarter, so slots give the exact day in any.
create table stock_engine_sales (
  tenant_id   uuid          not null,
  product_id  uuid          not null,
  slot        timestamptz   not null,
  quantity    numeric(15,3) not null,
  value_minor bigint        not null,
  primary key (tenant_id, product_id, slot)
);

create table stock_engine_receipts (
  tenant_id   uuid          not null,
  product_id  uuid          not null,
  received_at timestamptz   not null,
  movement_id uuid          not null,
  quantity    numeric(15,3) not null,
  unit_cost   numeric(18,6),
  primary key (tenant_id, product_id, received_at, movement_id)
);

-- What the store chose; nothing chosen means the defaults of the engine. Product beats category beats tenant.
create table stock_engine_parameters (
  tenant_id      uuid         not null,
  scope          text         not null check (scope in ('tenant', 'category', 'product')),
  -- The product's id, the category's name, or '' for the tenant.
  key            text         not null check ((scope = 'tenant') = (key = '')),
  trade          text,
  lead_time_days smallint     check (lead_time_days between 1 and 180),
  safety_percent numeric(5,2) check (safety_percent between 0 and 300),
  primary key (tenant_id, scope, key)
);

create table stock_engine_plans (
  tenant_id          uuid          not null,
  product_id         uuid          not null,
  as_of              date          not null,
  history_from       date          not null,
  class              text          not null check (class in ('A', 'B', 'C')),
  window_days        smallint      not null,
  window_quantity    numeric(15,3) not null,
  window_value_minor bigint        not null,
  method             text          not null,
  -- Mean absolute error of a week's forecast in percent of what was sold; null while there is too little to compare.
  error_percent       numeric(9,2),
  naive_error_percent numeric(9,2),
  daily_demand       numeric(18,6) not null,
  lead_time_days     smallint      not null,
  safety_percent     numeric(5,2)  not null,
  minimum            numeric(15,3) not null,
  maximum            numeric(15,3) not null,
  primary key (tenant_id, product_id)
);

call app.protect('stock_engine_tenants', engines => 'select,insert,update,delete');
call app.protect('stock_engine_products', engines => 'select,insert,update,delete');
call app.protect('stock_engine_sales', engines => 'select,insert,update,delete');
call app.protect('stock_engine_receipts', engines => 'select,insert,update,delete');
call app.protect('stock_engine_parameters', app => 'select,insert,update,delete', engines => 'select');
call app.protect('stock_engine_plans', app => 'select', engines => 'select,insert,update,delete');
