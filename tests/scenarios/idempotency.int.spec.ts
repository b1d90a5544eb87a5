/** What is kept under an `Idempotency-Key`: no secret, and nothing from which a secret can be guessed. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { createUser } from '#contracts/identity/operations';
import { newId } from '#kernel';
import { cookieOf, PASSWORD, startSystem, type System } from './system.js';

let system: System;
let owner: pg.Client;

beforeAll(async () => {
  system = await startSystem();
  owner = new pg.Client({ connectionString: system.database.url });
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await system.stop();
});

interface Row {
  key: string;
  fingerprint: string;
  answer: unknown;
}

const keyed = () => ({ 'idempotency-key': newId() });
const recordsOf = async (key: Record<string, string>) =>
  (await owner.query<Row>(`select * from idempotency_records where key = $1`, Object.values(key))).rows;

describe('an operation that answers with a token', () => {
  it('gives no token to a caller who has the key of a refresh but not its cookie', async () => {
    const seller = await system.as('acme', 'seller');
    const key = keyed();
    const first = await seller.with({ cookie: seller.cookie! }).post('/auth/refresh', {}, key);
    expect([first.status, typeof first.body.access_token]).toEqual([200, 'string']);
    const stranger = await system.visitor('acme.localhost').post('/auth/refresh', {}, key);
    expect(stranger).toMatchObject({ status: 401, body: { code: 'refresh_missing' } });
    expect(await recordsOf(key)).toEqual([]);
    const again = await seller.with({ cookie: cookieOf(first) }).post('/auth/refresh', {}, key);
    expect([again.status, cookieOf(again) === cookieOf(first)]).toEqual([200, false]);
  });

  it('judges each sign-in under one key by its own password, and keeps nothing', async () => {
    const key = keyed();
    const signIn = (role: string, password: string) =>
      system.visitor('acme.localhost').post('/auth/login', { email: `${role}@acme.test`, password }, key);
    const tokens = [await signIn('owner', PASSWORD), await signIn('owner', PASSWORD), await signIn('driver', PASSWORD)];
    expect(tokens.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(tokens.map(({ body }) => body.access_token as string)).size).toBe(3);
    expect(await signIn('owner', 'not the password')).toMatchObject({ body: { code: 'invalid_credentials' } });
    expect(await recordsOf(key)).toEqual([]);
  });
});

describe('the fingerprint of a body', () => {
  const person = () => ({ email: `${newId()}@acme.test`, name: 'Ana', password: PASSWORD, roles: ['seller'] });
  const unkeyed = (id: string, body: object) =>
    createHash('sha256')
      .update(JSON.stringify([id, {}, body]))
      .digest('hex');

  it('does not tell whether a guessed password is right', async () => {
    const signedIn = await system.as('acme', 'owner');
    const [key, body] = [keyed(), person()];
    expect((await signedIn.post('/users', body, key)).status).toBe(201);
    const [record] = await recordsOf(key);
    expect(record!.fingerprint).toMatch(/^hmac-sha256:[0-9a-f]{64}$/);
    expect(record!.fingerprint).not.toContain(unkeyed(createUser.id, body));
    expect(JSON.stringify(record!.answer)).not.toContain(PASSWORD);
  });

  it('of an earlier release still recognises its request, and no other', async () => {
    const signedIn = await system.as('acme', 'owner');
    const [key, body] = [keyed(), person()];
    const made = await signedIn.post('/users', body, key);
    const fingerprint = unkeyed(createUser.id, body);
    await owner.query<Row>(`update idempotency_records set fingerprint = $2 where key = $1`, [
      key['idempotency-key'],
      fingerprint,
    ]);
    expect(await signedIn.post('/users', body, key)).toMatchObject({ status: 201, body: made.body });
    expect((await signedIn.post('/users', { ...body, name: 'Bia' }, key)).body.code).toBe('idempotency_key_reused');
  });
});

it('deletes the tokens that an earlier release has kept, and no other answer', async () => {
  const migration = path.resolve('prisma/migrations/20261129030100_idempotency_secrets/migration.sql');
  const answers = [{ access_token: 'eyJ', token_type: 'Bearer' }, { id: 'x' }, [{ access_token: 'eyJ' }], null, 'text'];
  const tenant = newId();
  for (const [nth, answer] of answers.entries())
    await owner.query<Row>(
      `insert into idempotency_records (tenant_id, actor, key, fingerprint, answer, recorded_at)
       values ($1, 'anonymous', $2, 'f', $3, now())`,
      [tenant, String(nth), JSON.stringify(answer)],
    );
  // The owner of the tables on a managed server is no superuser, so row security applies to it.
  await owner.query(`begin; alter table idempotency_records owner to basecommerce_operator;
                     set local role basecommerce_operator; ${readFileSync(migration, 'utf8')};
                     reset role; alter table idempotency_records owner to session_user; commit`);
  const { rows } = await owner.query<Row>(`select key from idempotency_records where tenant_id = $1 order by key`, [
    tenant,
  ]);
  expect(rows.map(({ key }) => key)).toEqual(['1', '2', '3', '4']);
});
