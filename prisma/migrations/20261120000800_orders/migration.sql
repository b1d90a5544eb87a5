create table orders (
  tenant_id   uuid        not null references tenants (id),
  id          uuid        not null,
  number      text        not null,
  status      text        not null check (status in ('pending', 'preparing', 'out_for_delivery', 'partially_delivered', 'delivered',
                                                      'returned', 'cancelled')),
  customer_id uuid        not null,
  site_id     uuid,
  quote_id    uuid,
  seller_id   text        not null,
  currency    text        not null,
  total_minor bigint      not null check (total_minor >= 0),
  version     integer     not null default 1,
  -- Set once, when the goods are delivered: the sale has been recorded.
  sold_at     timestamptz,
  created_at  timestamptz not null,
  changed_at  timestamptz not null,
  primary key (tenant_id, id)
);

create unique index orders_number on orders (tenant_id, number);
create index orders_customer on orders (tenant_id, customer_id, id);

call app.protect('orders', app => 'select,insert,update');

create table order_lines (
  tenant_id        uuid          not null,
  order_id         uuid          not null,
  position         integer       not null check (position > 0),
  product_id       uuid          not null,
  code             text          not null,
  name             text          not null,
  unit             text          not null,
  quantity         numeric(15,3) not null check (quantity > 0),
  base_quantity    numeric(15,3) not null check (base_quantity > 0),
  unit_price       numeric(18,6) not null check (unit_price >= 0),
  discount_percent numeric(7,4)  not null check (discount_percent between 0 and 100),
  total_minor      bigint        not null check (total_minor >= 0),
  -- In the base unit.
  reserved         numeric(15,3) not null default 0 check (reserved >= 0 and reserved <= base_quantity),
  delivered        numeric(15,3) not null default 0 check (delivered >= 0 and delivered <= base_quantity),
  primary key (tenant_id, order_id, position),
  foreign key (tenant_id, order_id) references orders (tenant_id, id)
);

call app.protect('order_lines', app => 'select,insert,update');
