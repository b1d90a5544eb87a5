-- Advice to the store. Engines open, change and resolve; the store answers. Texts are not stored: they are rendered from
-- `figures` in the reader's language.
create table insights (
  tenant_id      uuid        not null,
  -- Shaped like a UUIDv7, but a name: subject's time bits, then a hash of tenant, engine, kind, subject and episode.
  id             uuid        not null,
  engine         text        not null,
  kind           text        not null,
  -- `product/<uuid>`, `customer/<uuid>`, …
  subject        text        not null check (subject ~ '^[a-z_]+/[0-9a-f-]{36}$'),
  -- 1, 2, 3, …: rises when an insight that was answered for good has a new reason.
  episode        integer     not null check (episode > 0),
  state          text        not null check (state in ('open', 'done', 'not_now', 'wrong', 'resolved')),
  priority       smallint    not null check (priority between 0 and 100),
  figures        jsonb       not null,
  worth_minor    bigint,
  worth_currency text        check (worth_currency ~ '^[A-Z]{3}$'),
  action         jsonb       not null,
  -- What the answer is about: `done` holds while `basis` is the same, `wrong` while `measure` is about the same.
  basis          text        not null,
  measure        numeric     not null,
  opened_at      timestamptz not null,
  -- The newest fact behind the figures.
  changed_at     timestamptz not null,
  resolved_at    timestamptz,
  answered_at    timestamptz,
  answered_by    text,
  comment        text,
  snoozed_until  date,
  -- Counts the answers: each is one event of this aggregate.
  version        integer     not null default 0,
  primary key (tenant_id, id),
  unique (tenant_id, engine, subject, kind, episode),
  check ((worth_minor is null) = (worth_currency is null)),
  check ((state = 'resolved') = (resolved_at is not null)),
  check (state not in ('done', 'not_now', 'wrong') or (answered_at is not null and answered_by is not null)),
  check ((state = 'not_now') = (snoozed_until is not null))
);

create index insights_list on insights (tenant_id, state, priority desc, id desc);

call app.protect('insights', app => 'select,update', engines => 'select,insert,update,delete');
