-- Answers with access tokens were kept under idempotency keys, and were given to whoever sent the key. They are deleted, with the
-- fingerprints of the passwords of these requests. The owner of the table is not always a superuser, so row security is
-- lifted for the owner while this transaction runs; other roles stay under their policies.
alter table idempotency_records no force row level security;
delete from idempotency_records where answer ->> 'access_token' is not null;
alter table idempotency_records force row level security;
