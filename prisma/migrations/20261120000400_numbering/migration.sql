create table document_counters (
  tenant_id uuid    not null references tenants (id),
  series    text    not null check (series ~ '^[A-Z]{2,6}$'),
  last      integer not null check (last > 0),
  primary key (tenant_id, series)
);

call app.protect('document_counters', app => 'select,insert,update');
