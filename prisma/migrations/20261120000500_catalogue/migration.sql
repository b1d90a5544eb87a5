create table products (
  tenant_id  uuid          not null references tenants (id),
  id         uuid          not null,
  code       text          not null check (length(code) between 1 and 40),
  name       text          not null check (length(name) between 1 and 200),
  category   text,
  unit       text          not null check (unit ~ '^[A-Z0-9]{2,3}$'),
  -- Of one base unit; six decimals, because screws are priced in fractions of a cent.
  price      numeric(18,6) not null check (price >= 0),
  currency   text          not null check (currency ~ '^[A-Z]{3}$'),
  -- [{unit, numerator, denominator, step, barcode}]: integers as text, exact at any size.
  units      jsonb         not null default '[]' check (jsonb_typeof(units) = 'array'),
  is_active  boolean       not null default true,
  version    integer       not null default 1,
  created_at timestamptz   not null,
  changed_at timestamptz   not null,
  primary key (tenant_id, id)
);

create unique index products_code on products (tenant_id, code);

call app.protect('products', app => 'select,insert,update');

create table product_prices (
  tenant_id  uuid          not null,
  product_id uuid          not null,
  version    integer       not null,
  price      numeric(18,6) not null,
  currency   text          not null,
  actor      text          not null,
  valid_from timestamptz   not null,
  primary key (tenant_id, product_id, version),
  foreign key (tenant_id, product_id) references products (tenant_id, id) deferrable initially deferred
);

call app.protect('product_prices', app => 'select,insert');
