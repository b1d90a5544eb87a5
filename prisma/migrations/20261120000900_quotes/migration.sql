create table quotes (
  tenant_id        uuid         not null references tenants (id),
  id               uuid         not null,
  number           text         not null,
  revision         integer      not null check (revision > 0),
  state            text         not null check (state in ('draft', 'sent', 'accepted', 'declined', 'expired', 'superseded', 'cancelled',
                                                           'partially_converted', 'converted')),
  customer_id      uuid         not null,
  site_id          uuid,
  seller_id        text         not null,
  currency         text         not null,
  discount_percent numeric(7,4) not null check (discount_percent between 0 and 100),
  total_minor      bigint       not null check (total_minor >= 0),
  valid_days       integer      not null check (valid_days between 1 and 365),
  valid_until      timestamptz,
  accepted_by      text,
  version          integer      not null default 1,
  created_at       timestamptz  not null,
  changed_at       timestamptz  not null,
  primary key (tenant_id, id)
);

create unique index quotes_number on quotes (tenant_id, number, revision);
create index quotes_customer on quotes (tenant_id, customer_id, id);

call app.protect('quotes', app => 'select,insert,update');

create table quote_lines (
  tenant_id          uuid          not null,
  quote_id           uuid          not null,
  position           integer       not null check (position > 0),
  product_id         uuid          not null,
  code               text          not null,
  name               text          not null,
  unit               text          not null,
  quantity           numeric(15,3) not null check (quantity > 0),
  base_quantity      numeric(15,3) not null check (base_quantity > 0),
  unit_price         numeric(18,6) not null check (unit_price >= 0),
  discount_percent   numeric(7,4)  not null check (discount_percent between 0 and 100),
  total_minor        bigint        not null check (total_minor >= 0),
  converted_quantity numeric(15,3) not null default 0 check (converted_quantity >= 0 and converted_quantity <= quantity),
  primary key (tenant_id, quote_id, position),
  foreign key (tenant_id, quote_id) references quotes (tenant_id, id)
);

call app.protect('quote_lines', app => 'select,insert,update,delete');
