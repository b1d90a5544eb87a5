-- Balances follow the ledger; the CHECKs hold for whoever writes, whatever the code above decided.
create table stock_levels (
  tenant_id  uuid          not null references tenants (id),
  product_id uuid          not null,
  on_hand    numeric(15,3) not null default 0 constraint stock_on_hand_not_negative check (on_hand >= 0),
  reserved   numeric(15,3) not null default 0 constraint stock_reserved_not_negative check (reserved >= 0),
  version    integer       not null default 0,
  changed_at timestamptz   not null default now(),
  primary key (tenant_id, product_id),
  constraint stock_reserved_on_hand check (reserved <= on_hand)
);

call app.protect('stock_levels', app => 'select,insert,update');

create table stock_movements (
  tenant_id       uuid          not null,
  id              uuid          not null,
  product_id      uuid          not null,
  kind            text          not null check (kind in ('receive', 'sell', 'reserve', 'release', 'adjust', 'count', 'return')),
  on_hand_change  numeric(15,3) not null,
  reserved_change numeric(15,3) not null,
  on_hand         numeric(15,3) not null,
  reserved        numeric(15,3) not null,
  version         integer       not null,
  unit_cost       numeric(18,6),
  order_id        uuid,
  reason          text,
  actor           text          not null,
  occurred_at     timestamptz   not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, product_id) references stock_levels (tenant_id, product_id)
);

create unique index stock_movements_product on stock_movements (tenant_id, product_id, version);
create index stock_movements_product_id on stock_movements (tenant_id, product_id, id);

call app.protect('stock_movements', app => 'select,insert');

-- Who holds what until when.
create table stock_reservations (
  tenant_id  uuid          not null,
  product_id uuid          not null,
  order_id   uuid          not null,
  quantity   numeric(15,3) not null check (quantity > 0),
  ends_at    timestamptz   not null,
  primary key (tenant_id, product_id, order_id),
  foreign key (tenant_id, product_id) references stock_levels (tenant_id, product_id)
);

create index stock_reservations_order on stock_reservations (tenant_id, order_id);

call app.protect('stock_reservations', app => 'select,insert,update,delete');
