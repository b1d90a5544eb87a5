create table customers (
  tenant_id  uuid        not null references tenants (id),
  id         uuid        not null,
  kind       text        not null check (kind in ('person', 'company')),
  name       text        not null check (length(name) between 1 and 200),
  document   text        check (document ~ '^[0-9A-Z]{11,14}$'),
  email      text,
  phone      text,
  version    integer     not null default 1,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  primary key (tenant_id, id)
);

create unique index customers_document on customers (tenant_id, document) where document is not null;

call app.protect('customers', app => 'select,insert,update');

create table sites (
  tenant_id    uuid        not null,
  id           uuid        not null,
  customer_id  uuid        not null,
  name         text        not null,
  address      text        not null,
  access_notes text,
  contact      text,
  version      integer     not null default 1,
  created_at   timestamptz not null,
  changed_at   timestamptz not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, customer_id) references customers (tenant_id, id)
);

create index sites_customer on sites (tenant_id, customer_id, id);

call app.protect('sites', app => 'select,insert,update');
