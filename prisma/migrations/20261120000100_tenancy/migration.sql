create table tenants (
  id         uuid        primary key,
  slug       text        not null constraint tenants_slug_form check (slug ~ '^[a-z0-9](-?[a-z0-9])*$' and length(slug) <= 63),
  legal_name text        not null check (length(legal_name) between 1 and 200),
  document   text,
  state      text        not null default 'active' check (state in ('active', 'suspended', 'closed')),
  locale     text        not null default 'pt-BR',
  time_zone  text        not null default 'America/Sao_Paulo',
  currency   text        not null default 'BRL' check (currency ~ '^[A-Z]{3}$'),
  branding   jsonb       not null default '{}',
  features   jsonb       not null default '{}',
  version    integer     not null default 1,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  constraint tenants_slug_not_reserved check (slug not in ('console', 'www', 'api', 'app', 'admin', 'mail', 'static', 'docs', 'status'))
);

create unique index tenants_slug on tenants (slug);

-- A tenant is its own row: `id` plays the part that tenant_id plays elsewhere.
alter table tenants enable row level security, force row level security;
create policy tenant_isolation on tenants for all to basecommerce_app using (id = app.current_tenant()) with check (id = app.current_tenant());
create policy operator_access on tenants for all to basecommerce_operator using (true) with check (true);
grant select on tenants to basecommerce_app;
grant select, insert, update on tenants to basecommerce_operator;

create table users (
  tenant_id       uuid        not null references tenants (id),
  id              uuid        not null,
  email           text        not null check (email = lower(email)),
  name            text        not null,
  password_hash   text        not null,
  roles           text[]      not null check (cardinality(roles) > 0
                                              and roles <@ array['owner', 'manager', 'seller', 'warehouse', 'driver', 'finance']),
  is_active       boolean     not null default true,
  -- Raised whenever roles or access change: tokens that carry an older one are refused.
  auth_version    integer     not null default 1,
  version         integer     not null default 1,
  last_sign_in_at timestamptz,
  created_at      timestamptz not null,
  changed_at      timestamptz not null,
  primary key (tenant_id, id)
);

create unique index users_email on users (tenant_id, email);

call app.protect('users', app => 'select,insert,update', operator => 'select,insert,update');

-- A session is a family of refresh tokens of which only the newest is good.
create table sessions (
  tenant_id      uuid        not null,
  id             uuid        not null,
  user_id        uuid        not null,
  refresh_hash   bytea       not null,
  generation     integer     not null default 1,
  expires_at     timestamptz not null,
  revoked_at     timestamptz,
  revoked_reason text,
  created_at     timestamptz not null,
  address        text,
  user_agent     text,
  primary key (tenant_id, id),
  foreign key (tenant_id, user_id) references users (tenant_id, id)
);

create index sessions_user on sessions (tenant_id, user_id);

call app.protect('sessions', app => 'select,insert,update', operator => 'select,update');

-- Runs in the flight of every request, in front of its statement: three look-ups by primary key, and an error that
-- carries code (detail) and kind (hint) of the refusal.
create function app.admit(session uuid, expected_version integer, is_write boolean) returns void
  language plpgsql stable as $$
declare
  found_state text;
  is_standing boolean;
begin
  select t.state, s.revoked_at is null and s.expires_at > app.now() and u.is_active and u.auth_version = expected_version
    into found_state, is_standing
    from sessions s
    join users u on u.tenant_id = s.tenant_id and u.id = s.user_id
    join tenants t on t.id = s.tenant_id
   where s.tenant_id = app.current_tenant() and s.id = session;
  if is_standing is distinct from true then
    raise exception 'The session has ended or your access has changed. Sign in again.'
      using errcode = 'BC401', detail = 'session_ended', hint = 'unauthenticated';
  end if;
  perform app.admit_state(found_state, is_write);
end $$;

create function app.admit_state(tenant_state text, is_write boolean) returns void
  language plpgsql stable as $$
begin
  if tenant_state = 'closed' then
    raise exception 'This store is closed.' using errcode = 'BC403', detail = 'tenant_closed', hint = 'forbidden';
  end if;
  if tenant_state = 'suspended' and is_write then
    raise exception 'This store is suspended: reading, exporting and paying stay possible.'
      using errcode = 'BC402', detail = 'tenant_suspended', hint = 'payment_required';
  end if;
end $$;

-- For operations without a sign-in.
create function app.admit_visitor(is_write boolean) returns void
  language plpgsql stable as $$
begin
  perform app.admit_state((select state from tenants where id = app.current_tenant()), is_write);
end $$;

grant execute on function app.admit(uuid, integer, boolean), app.admit_state(text, boolean), app.admit_visitor(boolean) to basecommerce_app;

create table operators (
  id            uuid        primary key,
  email         text        not null unique check (email = lower(email)),
  name          text        not null,
  password_hash text        not null,
  is_active     boolean     not null default true,
  created_at    timestamptz not null
);

grant select, insert, update on operators to basecommerce_operator;

create table operator_sessions (
  id           uuid        primary key,
  operator_id  uuid        not null references operators (id),
  refresh_hash bytea       not null,
  generation   integer     not null default 1,
  expires_at   timestamptz not null,
  revoked_at   timestamptz,
  created_at   timestamptz not null
);

grant select, insert, update on operator_sessions to basecommerce_operator;

create function app.admit_operator(session uuid) returns void
  language plpgsql stable as $$
begin
  if not exists (
    select from operator_sessions s join operators o on o.id = s.operator_id
     where s.id = session and s.revoked_at is null and s.expires_at > app.now() and o.is_active
  ) then
    raise exception 'The session has ended. Sign in again.'
      using errcode = 'BC401', detail = 'session_ended', hint = 'unauthenticated';
  end if;
end $$;

grant execute on function app.admit_operator(uuid) to basecommerce_operator;

-- What operators did across tenants, by whom and why. Never changed, never deleted.
create table operator_audit_entries (
  id        uuid        primary key,
  at        timestamptz not null,
  actor     text        not null,
  action    text        not null,
  tenant_id uuid,
  subject   text        not null,
  reason    text,
  details   jsonb       not null default '{}'
);

create index operator_audit_entries_tenant on operator_audit_entries (tenant_id, id);
grant select, insert on operator_audit_entries to basecommerce_operator;

-- Answers of requests that carried an Idempotency-Key, written in the request's own transaction.
create table idempotency_records (
  tenant_id   uuid        not null,
  actor       text        not null,
  key         text        not null,
  fingerprint text        not null,
  answer      json        not null,
  recorded_at timestamptz not null,
  primary key (tenant_id, actor, key)
);

call app.protect('idempotency_records', app => 'select,insert,delete');

grant execute on function app.admit(uuid, integer, boolean), app.admit_state(text, boolean), app.admit_visitor(boolean) to basecommerce_app;
grant execute on function app.admit_operator(uuid) to basecommerce_operator;
