-- What the sales engine has heard. Counts are kept per UTC day, so that a rolling window is a sum and a rebuild an addition.

create table sales_engine_products (
  tenant_id  uuid          not null,
  product_id uuid          not null,
  code       text,
  name       text,
  category   text,
  price      numeric(18,6),
  currency   text,
  -- On hand and not reserved.
  available  numeric(15,3),
  facts_at   timestamptz   not null,
  is_stale   boolean       not null default true,
  primary key (tenant_id, product_id)
) with (fillfactor = 80);

create index sales_engine_products_stale on sales_engine_products (tenant_id, product_id) where is_stale;

-- Baskets (one per order) of a day.
create table sales_engine_baskets (
  tenant_id uuid    not null,
  day       date    not null,
  baskets   integer not null,
  primary key (tenant_id, day)
);

create table sales_engine_items (
  tenant_id   uuid    not null,
  product_id  uuid    not null,
  day         date    not null,
  baskets     integer not null,
  value_minor bigint  not null,
  primary key (tenant_id, product_id, day)
);

-- Baskets that held both; each pair stands in both directions, so that one product's partners are one index range.
create table sales_engine_pairs (
  tenant_id  uuid    not null,
  product_id uuid    not null,
  partner_id uuid    not null,
  day        date    not null,
  baskets    integer not null,
  primary key (tenant_id, product_id, partner_id, day)
);

create table sales_engine_customers (
  tenant_id     uuid        not null,
  customer_id   uuid        not null,
  name          text,
  orders        integer     not null default 0,
  total_minor   bigint      not null default 0,
  currency      text,
  first_sold_at timestamptz,
  last_sold_at  timestamptz,
  facts_at      timestamptz not null,
  is_stale      boolean     not null default true,
  primary key (tenant_id, customer_id)
) with (fillfactor = 80);

create index sales_engine_customers_stale on sales_engine_customers (tenant_id, customer_id) where is_stale;

create table sales_engine_quotes (
  tenant_id   uuid        not null,
  quote_id    uuid        not null,
  number      text        not null,
  customer_id uuid        not null,
  seller_id   text        not null,
  state       text        not null,
  total_minor bigint      not null,
  currency    text        not null,
  valid_until timestamptz,
  facts_at    timestamptz not null,
  is_stale    boolean     not null default true,
  primary key (tenant_id, quote_id)
) with (fillfactor = 80);

create index sales_engine_quotes_stale on sales_engine_quotes (tenant_id, quote_id) where is_stale;

call app.protect('sales_engine_products', engines => 'select,insert,update,delete');
call app.protect('sales_engine_baskets', engines => 'select,insert,update,delete');
call app.protect('sales_engine_items', engines => 'select,insert,update,delete');
call app.protect('sales_engine_pairs', engines => 'select,insert,update,delete');
call app.protect('sales_engine_customers', engines => 'select,insert,update,delete');
call app.protect('sales_engine_quotes', engines => 'select,insert,update,delete');
