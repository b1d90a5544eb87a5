-- What the operator bills its tenants. Money is a whole number of minor units, quantities are whole numbers, and instants
-- are the database's. The guarantees stand in constraints: a second run of anything meets the first one's rows.

-- Plans are the operator's. A version never changes; a new price is a new version.
create table billing_plan_versions (
  id                   uuid        primary key,
  code                 text        not null check (code ~ '^[a-z0-9](-?[a-z0-9])*$'),
  version              integer     not null check (version > 0),
  currency             text        not null check (currency ~ '^[A-Z]{3}$'),
  base_minor           bigint      not null check (base_minor >= 0),
  interval_months      smallint    not null check (interval_months in (1, 12)),
  trial_days           smallint    not null default 0 check (trial_days between 0 and 365),
  -- How long an invoice may still take up usage that arrives late, before it is issued.
  review_hours         smallint    not null default 24 check (review_hours between 0 and 720),
  due_days             smallint    not null default 0 check (due_days between 0 and 90),
  -- A balance up to here starts no grace and keeps none going.
  tolerance_minor      bigint      not null default 0 check (tolerance_minor >= 0),
  minimum_charge_minor bigint      not null default 0 check (minimum_charge_minor >= 0),
  created_at           timestamptz not null,
  created_by           text        not null,
  unique (code, version)
);

create table billing_plan_meters (
  plan_id       uuid    not null references billing_plan_versions (id),
  meter         text    not null check (meter in ('orders', 'quotes', 'active_users', 'api_calls', 'stored_mb')),
  included      bigint  not null check (included >= 0),
  soft_bp       integer not null default 12000 check (soft_bp >= 10000),
  hard_bp       integer not null default 15000 check (hard_bp >= soft_bp),
  -- Millionths of a minor unit for one unit of usage.
  price_micro   bigint  not null check (price_micro >= 0),
  billable_from text    not null default 'soft' check (billable_from in ('soft', 'included')),
  primary key (plan_id, meter)
);

grant select on billing_plan_versions, billing_plan_meters to basecommerce_app, basecommerce_engines;
grant select, insert on billing_plan_versions, billing_plan_meters to basecommerce_operator;

-- What billing knows of a tenant, and where it stands on the access ladder.
create table billing_accounts (
  tenant_id      uuid        not null primary key,
  slug           text        not null,
  legal_name     text        not null,
  locale         text        not null,
  time_zone      text        not null,
  currency       text        not null,
  -- Notices go to the store's first owner unless the operator names an address.
  email          text,
  access_state   text        not null default 'active' check (access_state in ('trialing', 'active', 'grace', 'suspended', 'closed')),
  trial_ends_at  timestamptz,
  -- The newest instant at which a pass or a payment decided this tenant's access.
  decided_as_of  timestamptz,
  -- Overpaid: taken up by the next invoice.
  surplus_minor  bigint      not null default 0 check (surplus_minor >= 0),
  -- What earlier invoices carried on, because it was too little to charge.
  carried_minor  bigint      not null default 0 check (carried_minor >= 0),
  -- Set when usage arrived that no counter shows yet.
  is_stale       boolean     not null default false,
  -- Of the events this account sends.
  version        integer     not null default 0
);

create index billing_accounts_stale on billing_accounts (tenant_id) where is_stale;
create index billing_accounts_state on billing_accounts (tenant_id) where access_state in ('trialing', 'grace', 'suspended');

call app.protect('billing_accounts', app => 'select', operator => 'select,update', engines => 'select,insert,update');

-- The store's owners as they came. Events of a tenant and of its people arrive in any order, so an owner may be known before
-- the account is, and who was first is only known once all are.
create table billing_owners (
  tenant_id  uuid        not null,
  user_id    uuid        not null,
  email      text        not null,
  created_at timestamptz not null,
  primary key (tenant_id, user_id)
);

call app.protect('billing_owners', operator => 'select', engines => 'select,insert');

create table billing_subscriptions (
  tenant_id       uuid        not null,
  id              uuid        not null,
  anchor_on       date        not null,
  interval_months smallint    not null check (interval_months in (1, 12)),
  started_at      timestamptz not null,
  -- Ends with the period that holds this instant.
  cancel_at       timestamptz,
  ended_at        timestamptz,
  -- Nothing is left to be done for it before this instant. Whoever brings news from the past (late usage, another plan)
  -- sets it back.
  due_at          timestamptz not null,
  primary key (tenant_id, id)
);

create unique index billing_subscriptions_live on billing_subscriptions (tenant_id) where ended_at is null;
create index billing_subscriptions_due on billing_subscriptions (due_at, tenant_id);

call app.protect('billing_subscriptions', app => 'select', operator => 'select,insert,update', engines => 'select,insert,update');

-- The plan from an instant on, until the next row: two plans cannot be in force at once.
create table billing_plan_assignments (
  tenant_id       uuid        not null,
  subscription_id uuid        not null,
  from_at         timestamptz not null,
  plan_id         uuid        not null references billing_plan_versions (id),
  assigned_at     timestamptz not null,
  assigned_by     text        not null,
  primary key (tenant_id, subscription_id, from_at),
  foreign key (tenant_id, subscription_id) references billing_subscriptions (tenant_id, id)
);

call app.protect('billing_plan_assignments', app => 'select', operator => 'select,insert,delete', engines => 'select,insert');

-- A chain without a gap: every period but the first starts where the one before it ends, by foreign key.
create table billing_periods (
  tenant_id       uuid        not null,
  subscription_id uuid        not null,
  seq             integer     not null check (seq >= 0),
  starts_at       timestamptz not null,
  ends_at         timestamptz not null,
  time_zone       text        not null,
  tzdb_version    text        not null,
  -- The period's first invoice has been made.
  is_invoiced     boolean     not null default false,
  previous_seq    integer     generated always as (case when seq > 0 then seq - 1 end) stored,
  continues_from  timestamptz generated always as (case when seq > 0 then starts_at end) stored,
  primary key (tenant_id, subscription_id, seq),
  unique (tenant_id, subscription_id, seq, ends_at),
  check (starts_at < ends_at),
  foreign key (tenant_id, subscription_id) references billing_subscriptions (tenant_id, id),
  foreign key (tenant_id, subscription_id, previous_seq, continues_from)
    references billing_periods (tenant_id, subscription_id, seq, ends_at)
);

create index billing_periods_span on billing_periods (tenant_id, starts_at);

call app.protect('billing_periods', app => 'select', operator => 'select', engines => 'select,insert,update');

-- How a period was split when it was first invoiced; a revision must not meet another calendar.
create table billing_phases (
  tenant_id       uuid        not null,
  subscription_id uuid        not null,
  period_seq      integer     not null,
  phase           smallint    not null,
  plan_id         uuid        not null references billing_plan_versions (id),
  starts_at       timestamptz not null,
  ends_at         timestamptz not null,
  days            smallint    not null,
  days_of_period  smallint    not null,
  primary key (tenant_id, subscription_id, period_seq, phase),
  foreign key (tenant_id, subscription_id, period_seq) references billing_periods (tenant_id, subscription_id, seq)
);

call app.protect('billing_phases', app => 'select', operator => 'select', engines => 'select,insert');

-- One row per event that was used, for ever: the same id counts once, whenever it comes again.
create table billing_usage_events (
  tenant_id      uuid        not null,
  transaction_id uuid        not null,
  meter          text        not null,
  occurred_at    timestamptz not null,
  received_at    timestamptz not null,
  -- Of a meter that counts different things (active users): which one.
  subject        text        not null,
  quantity       bigint      not null,
  payload_hash   bytea       not null,
  primary key (tenant_id, transaction_id)
);

create index billing_usage_events_meter on billing_usage_events (tenant_id, meter, occurred_at) include (subject, quantity);

call app.protect('billing_usage_events', app => 'select', operator => 'select', engines => 'select,insert');

-- The current period's usage, for those who look. Bills are made from the events.
create table billing_usage_counters (
  tenant_id        uuid    not null,
  subscription_id  uuid    not null,
  period_seq       integer not null,
  meter            text    not null,
  used             bigint  not null,
  included         bigint  not null,
  soft             bigint  not null,
  hard             bigint  not null,
  -- The highest threshold that was announced, in percent.
  announced        smallint not null default 0,
  primary key (tenant_id, subscription_id, period_seq, meter),
  foreign key (tenant_id, subscription_id, period_seq) references billing_periods (tenant_id, subscription_id, seq)
);

call app.protect('billing_usage_counters', app => 'select', operator => 'select', engines => 'select,insert,update');

-- Numbers without a gap: drawn under the row's lock in the transaction that issues.
create table billing_series (
  name text   primary key,
  last bigint not null default 0
);

insert into billing_series (name) values ('invoice'), ('credit_note');
grant select, update on billing_series to basecommerce_operator, basecommerce_engines;

create table billing_invoices (
  tenant_id       uuid        not null,
  id              uuid        not null,
  subscription_id uuid        not null,
  period_seq      integer     not null,
  revision        integer     not null check (revision >= 0),
  status          text        not null check (status in ('draft', 'needs_approval', 'issued', 'paid', 'void', 'uncollectible')),
  currency        text        not null check (currency ~ '^[A-Z]{3}$'),
  total_minor     bigint      not null,
  number          bigint,
  issued_at       timestamptz,
  due_at          timestamptz,
  settled_at      timestamptz,
  created_at      timestamptz not null,
  -- Why a person must look at it first.
  doubt           text,
  version         integer     not null default 1,
  primary key (tenant_id, id),
  unique (tenant_id, subscription_id, period_seq, revision),
  foreign key (tenant_id, subscription_id, period_seq) references billing_periods (tenant_id, subscription_id, seq),
  -- Void without a number: a person rejected it before it was issued, and it took no place in the series.
  check (case status when 'void' then true when 'draft' then number is null when 'needs_approval' then number is null
                     else number is not null end),
  check ((number is null) = (issued_at is null) and (number is null) = (due_at is null))
);

create unique index billing_invoices_number on billing_invoices (number);
create index billing_invoices_doubtful on billing_invoices (tenant_id) where status = 'needs_approval';
create index billing_invoices_open on billing_invoices (due_at, tenant_id) where status = 'issued';

call app.protect('billing_invoices', app => 'select', operator => 'select,update', engines => 'select,insert,update');

create table billing_invoice_lines (
  tenant_id    uuid     not null,
  invoice_id   uuid     not null,
  line_no      smallint not null check (line_no > 0),
  line_key     text     not null,
  kind         text     not null check (kind in ('base', 'overage', 'adjustment', 'carry', 'surplus')),
  meter        text,
  phase        smallint,
  quantity     numeric(30,0) not null,
  price_micro  numeric(30,0) not null,
  amount_minor bigint   not null,
  primary key (tenant_id, invoice_id, line_no),
  unique (tenant_id, line_key),
  foreign key (tenant_id, invoice_id) references billing_invoices (tenant_id, id)
);

call app.protect('billing_invoice_lines', app => 'select', operator => 'select', engines => 'select,insert');

-- An invoice is the sum of its lines: asked of each invoice at the end of its transaction, and of each set of lines as it
-- comes, so that none is added to an invoice later.
create function app.billing_check_total() returns trigger language plpgsql as $$
declare
  found bigint := (select coalesce(sum(amount_minor), 0) from billing_invoice_lines where tenant_id = new.tenant_id and invoice_id = new.id);
begin
  if found <> new.total_minor then
    raise exception 'the lines of invoice % make %, its total says %', new.id, found, new.total_minor using errcode = 'check_violation';
  end if;
  return null;
end $$;

create constraint trigger billing_invoices_total after insert on billing_invoices
  deferrable initially deferred for each row execute function app.billing_check_total();

create function app.billing_check_lines() returns trigger language plpgsql as $$
declare
  wrong uuid;
begin
  select i.id into wrong
    from (select distinct tenant_id, invoice_id from added) a
    join billing_invoices i on i.tenant_id = a.tenant_id and i.id = a.invoice_id
   where i.total_minor <> (select sum(l.amount_minor) from billing_invoice_lines l where l.tenant_id = i.tenant_id and l.invoice_id = i.id)
   limit 1;
  if wrong is not null then
    raise exception 'the lines of invoice % do not make its total', wrong using errcode = 'check_violation';
  end if;
  return null;
end $$;

create trigger billing_invoice_lines_total after insert on billing_invoice_lines
  referencing new table as added for each statement execute function app.billing_check_lines();

-- What was issued stays as it was; only what becomes of it changes.
create function app.billing_freeze_invoice() returns trigger language plpgsql as $$
begin
  if old.status in ('issued', 'paid', 'void', 'uncollectible') and (
    (new.subscription_id, new.period_seq, new.revision, new.currency, new.total_minor, new.number, new.issued_at, new.due_at, new.created_at)
    is distinct from
    (old.subscription_id, old.period_seq, old.revision, old.currency, old.total_minor, old.number, old.issued_at, old.due_at, old.created_at)
    or new.status in ('draft', 'needs_approval')
  ) then
    raise exception 'invoice % is issued and cannot be changed', old.number using errcode = 'check_violation';
  end if;
  return new;
end $$;

create trigger billing_invoices_frozen before update on billing_invoices
  for each row execute function app.billing_freeze_invoice();

create table billing_payment_methods (
  tenant_id    uuid        not null,
  id           uuid        not null,
  provider     text        not null,
  provider_ref text        not null,
  label        text        not null,
  is_default   boolean     not null,
  added_at     timestamptz not null,
  removed_at   timestamptz,
  primary key (tenant_id, id)
);

create unique index billing_payment_methods_default on billing_payment_methods (tenant_id) where is_default and removed_at is null;
create unique index billing_payment_methods_ref on billing_payment_methods (tenant_id, provider, provider_ref);

call app.protect('billing_payment_methods', app => 'select', operator => 'select,insert,update', engines => 'select,insert,update');

-- The row is there before the call; its id is the key by which the provider tells a repetition.
create table billing_payment_attempts (
  tenant_id    uuid        not null,
  id           uuid        not null,
  invoice_id   uuid        not null,
  attempt_no   smallint    not null,
  provider     text        not null,
  method_id    uuid        not null,
  amount_minor bigint      not null check (amount_minor > 0),
  currency     text        not null,
  state        text        not null check (state in ('created', 'sent', 'unknown', 'succeeded', 'declined')),
  decline      text        check (decline in ('soft', 'hard', 'never_arrived')),
  provider_id  text,
  created_at   timestamptz not null,
  sent_at      timestamptz,
  settled_at   timestamptz,
  primary key (tenant_id, id),
  unique (tenant_id, invoice_id, attempt_no),
  foreign key (tenant_id, invoice_id) references billing_invoices (tenant_id, id),
  foreign key (tenant_id, method_id) references billing_payment_methods (tenant_id, id),
  check ((state = 'declined') = (decline is not null))
);

create unique index billing_payment_attempts_in_flight on billing_payment_attempts (tenant_id, invoice_id)
  where state in ('created', 'sent', 'unknown');
create unique index billing_payment_attempts_provider on billing_payment_attempts (tenant_id, provider, provider_id);
create index billing_payment_attempts_unsettled on billing_payment_attempts (created_at, tenant_id) where state in ('created', 'sent', 'unknown');

call app.protect('billing_payment_attempts', app => 'select', operator => 'select', engines => 'select,insert,update');

-- Money that moved. Rows are added and never changed, so it does not matter in which order they become known.
create table billing_payment_facts (
  tenant_id    uuid        not null,
  id           uuid        not null,
  invoice_id   uuid        not null,
  kind         text        not null check (kind in ('payment', 'refund', 'dispute', 'dispute_won', 'surplus')),
  amount_minor bigint      not null check (amount_minor > 0),
  -- `manual`, or the payment provider.
  provider     text        not null,
  provider_id  text        not null,
  means        text        not null,
  at           timestamptz not null,
  recorded_at  timestamptz not null,
  actor        text        not null,
  reason       text,
  primary key (tenant_id, id),
  unique (tenant_id, provider, provider_id, kind),
  foreign key (tenant_id, invoice_id) references billing_invoices (tenant_id, id)
);

create index billing_payment_facts_invoice on billing_payment_facts (tenant_id, invoice_id);

call app.protect('billing_payment_facts', app => 'select', operator => 'select,insert', engines => 'select,insert');

create table billing_credit_notes (
  tenant_id    uuid        not null,
  id           uuid        not null,
  invoice_id   uuid        not null,
  number       bigint      not null,
  kind         text        not null check (kind in ('credit', 'write_off')),
  amount_minor bigint      not null check (amount_minor > 0),
  at           timestamptz not null,
  actor        text        not null,
  reason       text        not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, invoice_id) references billing_invoices (tenant_id, id)
);

create index billing_credit_notes_invoice on billing_credit_notes (tenant_id, invoice_id);
create unique index billing_credit_notes_number on billing_credit_notes (number);

call app.protect('billing_credit_notes', app => 'select', operator => 'select,insert', engines => 'select');

-- Double entry: what belongs to one `ref` sums to zero.
create table billing_ledger_entries (
  tenant_id    uuid        not null,
  ref          text        not null,
  entry_no     smallint    not null,
  account      text        not null check (account in ('receivable', 'revenue', 'cash', 'surplus', 'carried', 'credits', 'bad_debt', 'disputed')),
  amount_minor bigint      not null,
  currency     text        not null,
  at           timestamptz not null,
  primary key (tenant_id, ref, entry_no)
);

call app.protect('billing_ledger_entries', operator => 'select,insert', engines => 'select,insert');

create function app.billing_check_ledger() returns trigger language plpgsql as $$
begin
  if (select sum(amount_minor) from billing_ledger_entries where tenant_id = new.tenant_id and ref = new.ref) <> 0 then
    raise exception 'the ledger entries of % do not sum to zero', new.ref using errcode = 'check_violation';
  end if;
  return null;
end $$;

create constraint trigger billing_ledger_entries_zero after insert on billing_ledger_entries
  deferrable initially deferred for each row execute function app.billing_check_ledger();

create table billing_access_holds (
  tenant_id uuid        not null,
  cause     text        not null check (cause in ('billing', 'cap', 'admin', 'fraud')),
  since     timestamptz not null,
  actor     text        not null,
  reason    text,
  primary key (tenant_id, cause)
);

call app.protect('billing_access_holds', app => 'select', operator => 'select,insert,delete', engines => 'select,insert,delete');

create table billing_access_episodes (
  tenant_id            uuid        not null,
  id                   uuid        not null,
  opened_at            timestamptz not null,
  -- The clock of the grace: when the notice was recorded. Nothing sets it again.
  notice_at            timestamptz,
  extended_until       timestamptz,
  suspended_at         timestamptz,
  closing_confirmed_at timestamptz,
  closed_at            timestamptz,
  primary key (tenant_id, id)
);

create unique index billing_access_episodes_open on billing_access_episodes (tenant_id) where closed_at is null;

call app.protect('billing_access_episodes', app => 'select', operator => 'select,update', engines => 'select,insert,update');

create table billing_access_transitions (
  tenant_id   uuid        not null,
  seq         integer     not null,
  from_state  text        not null,
  to_state    text        not null,
  cause       text        not null,
  as_of       timestamptz not null,
  recorded_at timestamptz not null,
  actor       text        not null,
  primary key (tenant_id, seq)
);

call app.protect('billing_access_transitions', app => 'select', operator => 'select,insert', engines => 'select,insert');

-- A mail per step of an episode: recorded with the decision, sent afterwards.
create table billing_notices (
  tenant_id      uuid        not null,
  episode_id     uuid        not null,
  step           text        not null,
  recorded_at    timestamptz not null,
  handed_over_at timestamptz,
  attempts       smallint    not null default 0,
  last_error     text,
  primary key (tenant_id, episode_id, step),
  foreign key (tenant_id, episode_id) references billing_access_episodes (tenant_id, id)
);

create index billing_notices_unsent on billing_notices (recorded_at, tenant_id) where handed_over_at is null;

call app.protect('billing_notices', app => 'select', operator => 'select,insert', engines => 'select,insert,update');

-- Tenants whose pass failed: left out until a person has looked.
create table billing_parked (
  tenant_id uuid        not null,
  pass      text        not null,
  reason    text        not null,
  since     timestamptz not null,
  primary key (tenant_id, pass)
);

call app.protect('billing_parked', operator => 'select,delete', engines => 'select,insert');

create table billing_runs (
  id          uuid        primary key,
  pass        text        not null,
  as_of       timestamptz not null,
  host        text        not null,
  version     text        not null,
  started_at  timestamptz not null,
  finished_at timestamptz,
  counts      jsonb       not null default '{}'
);

create index billing_runs_pass on billing_runs (pass, started_at desc);
grant select, insert, update on billing_runs to basecommerce_engines;
grant select on billing_runs to basecommerce_operator;

-- What a provider told us, before we answered that we have it.
create table billing_provider_events (
  provider    text        not null,
  event_id    text        not null,
  type        text        not null,
  object_id   text        not null,
  payload     jsonb       not null,
  received_at timestamptz not null,
  state       text        not null default 'received' check (state in ('received', 'done', 'ignored')),
  primary key (provider, event_id)
);

create index billing_provider_events_open on billing_provider_events (received_at) where state = 'received';
grant select, insert on billing_provider_events to basecommerce_operator;
grant select, update on billing_provider_events to basecommerce_engines;
