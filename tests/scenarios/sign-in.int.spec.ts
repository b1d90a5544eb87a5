import jwt from 'jsonwebtoken';
import { sql } from '#platform/database';
import { cookieOf, PASSWORD, startSystem, type System } from './system.js';

let system: System;

beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());

describe('signing in', () => {
  it('gives the same answer to a wrong password, an unknown address and another store’s person', async () => {
    const acme = system.visitor('acme.localhost');
    const answers = await Promise.all([
      acme.post('/auth/login', { email: 'owner@acme.test', password: 'not the password' }),
      acme.post('/auth/login', { email: 'nobody@acme.test', password: PASSWORD }),
      acme.post('/auth/login', { email: 'owner@bolt.test', password: PASSWORD }),
    ]);
    for (const answer of answers) {
      expect(answer.status).toBe(401);
      expect({ ...answer.body, request_id: '' }).toEqual({ ...answers[0].body, request_id: '' });
    }
  });

  it('refuses repeated guesses, and states when to try again', async () => {
    const bolt = system.visitor('bolt.localhost');
    const guess = () => bolt.post('/auth/login', { email: 'driver@bolt.test', password: 'guess' });
    for (let attempt = 0; attempt < 10; attempt++) expect((await guess()).status).toBe(401);
    const refused = await guess();
    expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('refuses tokens that are not ours: unsigned, other algorithm, other key, other audience, expired', async () => {
    const owner = await system.as('acme', 'owner');
    const claims = jwt.decode(owner.token!) as Record<string, unknown>;
    const { exp: _, iat: __, ...kept } = claims;
    const key = system.settings.SECRET_KEY;
    const forged = [
      jwt.sign(kept, '', { algorithm: 'none' }),
      jwt.sign(kept, key, { algorithm: 'HS512' }),
      jwt.sign(kept, 'another key that is long enough to pass', { algorithm: 'HS256' }),
      jwt.sign({ ...kept, aud: 'operator' }, key, { algorithm: 'HS256' }),
      jwt.sign({ ...kept, iss: 'elsewhere' }, key, { algorithm: 'HS256' }),
      jwt.sign(kept, key, { algorithm: 'HS256', expiresIn: -1 }),
      jwt.sign({ ...kept, sid: undefined }, key, { algorithm: 'HS256' }),
      'not.a.token',
    ];
    for (const token of forged) {
      const answer = await owner.with({ token }).get('/auth/me');
      expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    }
    // A check of the forged tokens: the same claims with our own key and algorithm are accepted.
    expect(
      (await owner.with({ token: jwt.sign(kept, key, { algorithm: 'HS256', expiresIn: 60 }) }).get('/auth/me')).status,
    ).toBe(200);
  });

  it('refuses a valid token at another store', async () => {
    const owner = await system.as('acme', 'owner');
    const elsewhere = system.visitor('bolt.localhost').with({ token: owner.token! });
    expect((await elsewhere.get('/products')).status).toBe(401);
    expect((await elsewhere.post('/products', { code: 'x', name: 'x', unit: 'H87', price: '1' })).status).toBe(401);
  });
});

describe('a session', () => {
  it('ends on the next request after signing out', async () => {
    const owner = await system.as('acme', 'owner');
    expect((await owner.get('/auth/me')).status).toBe(200);
    expect((await owner.post('/auth/logout')).body).toEqual({ ended: 1 });
    expect((await owner.get('/auth/me')).body.code).toBe('session_ended');
    expect((await owner.get('/products')).body.code).toBe('session_ended');
    expect((await owner.post('/customers', { kind: 'person', name: 'x' })).body.code).toBe('session_ended');
  });

  it('rotates its refresh token, and ends when an old one comes back', async () => {
    const first = await system.as('acme', 'manager');
    const rotated = await first.with({ cookie: first.cookie! }).post('/auth/refresh');
    expect(rotated.status).toBe(200);
    const second = first.with({ token: rotated.body.access_token, cookie: cookieOf(rotated) });
    expect((await second.get('/auth/me')).status).toBe(200);
    expect((await first.with({ cookie: first.cookie! }).post('/auth/refresh')).body.code).toBe('refresh_reused');
    expect((await second.get('/auth/me')).body.code).toBe('session_ended');
    expect((await second.post('/auth/refresh')).status).toBe(401);
  });

  it('gives one of 64 concurrent refreshes a new token', async () => {
    const { cookie } = await system.as('acme', 'finance');
    const caller = system.visitor('acme.localhost').with({ cookie: cookie! });
    const answers = await Promise.all(Array.from({ length: 64 }, () => caller.post('/auth/refresh')));
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    expect(answers.filter((answer) => answer.status === 401)).toHaveLength(63);
  });

  it('loses the rights of a changed role with the next request', async () => {
    const owner = await system.as('bolt', 'owner');
    const seller = await system.as('bolt', 'seller');
    expect((await seller.post('/customers', { kind: 'person', name: 'Ana' })).status).toBe(201);
    const me = (await seller.get('/auth/me')).body;
    await owner.patch(`/users/${me.id}`, { roles: ['driver'] });
    expect((await seller.post('/customers', { kind: 'person', name: 'Bia' })).body.code).toBe('session_ended');
    const again = await system.as('bolt', 'seller');
    expect((await again.post('/customers', { kind: 'person', name: 'Bia' })).status).toBe(403);
  });

  it('ends when a person’s access is taken away; a store keeps its last owner', async () => {
    const owner = await system.as('bolt', 'owner');
    const warehouse = await system.as('bolt', 'warehouse');
    const { id } = (await warehouse.get('/auth/me')).body;
    expect((await owner.patch(`/users/${id}`, { is_active: false })).status).toBe(200);
    expect((await warehouse.get('/products')).body.code).toBe('session_ended');
    const self = (await owner.get('/auth/me')).body;
    expect((await owner.patch(`/users/${self.id}`, { roles: ['manager'] })).body.code).toBe('last_owner');
  });
});

describe('a store', () => {
  it('reads but does not write while suspended, and is not accessible after it is closed', async () => {
    const operator = system.operator();
    const created = await operator.post('/operator/v1/tenants', {
      slug: 'casa-nova',
      legal_name: 'Casa Nova Ltda',
      owner_email: 'Owner@Casa.test',
      owner_name: 'Dona',
      owner_password: PASSWORD,
    });
    expect(created).toMatchObject({
      status: 201,
      body: { slug: 'casa-nova', state: 'active', owner: { email: 'owner@casa.test', password: null } },
    });
    const visitor = system.visitor('casa-nova.localhost');
    const signIn = () => visitor.post('/auth/login', { email: 'owner@casa.test', password: PASSWORD });
    const owner = visitor.with({ token: (await signIn()).body.access_token });
    const write = () => owner.post('/customers', { kind: 'person', name: 'Ana' });
    expect((await write()).status).toBe(201);

    expect((await operator.post('/operator/v1/tenants/casa-nova/suspend', { reason: 'unpaid' })).status).toBe(200);
    expect(await write()).toMatchObject({ status: 402, body: { code: 'tenant_suspended' } });
    expect((await owner.get('/customers')).status).toBe(200);
    expect((await signIn()).status).toBe(200);

    await operator.post('/operator/v1/tenants/casa-nova/reactivate', { reason: 'paid' });
    expect((await write()).status).toBe(201);
    await operator.post('/operator/v1/tenants/casa-nova/close', { reason: 'left' });
    expect(await owner.get('/customers')).toMatchObject({ status: 403, body: { code: 'tenant_closed' } });
    expect((await signIn()).body.code).toBe('tenant_closed');
    expect((await operator.post('/operator/v1/tenants/casa-nova/reactivate', { reason: 'oops' })).body.code).toBe(
      'invalid_transition',
    );

    const audit = await operator.get('/operator/v1/audit?tenant=casa-nova');
    expect(
      audit.body.data.map((entry: { action: string; reason: string | null }) => [entry.action, entry.reason]),
    ).toEqual([
      ['tenant.close', 'left'],
      ['tenant.reactivate', 'paid'],
      ['tenant.suspend', 'unpaid'],
      ['tenant.create', null],
    ]);
  });

  it('is found only by its host, and other hosts are refused', async () => {
    expect(await system.visitor('nobody.localhost').get('/products')).toMatchObject({
      status: 404,
      body: { code: 'tenant_not_found' },
    });
    for (const host of ['localhost', 'acme.evil.test', 'acme.b.localhost', '127.0.0.1']) {
      expect((await system.visitor(host).get('/products')).status).toBe(421);
    }
    expect((await system.visitor('-acme.localhost').get('/products')).body.code).toBe('invalid_tenant_slug');
    expect((await system.visitor('acme.localhost').get('/operator/v1/tenants')).status).toBe(404);
    expect((await system.visitor('console.localhost').get('/products')).status).toBe(404);
    const guess = system.visitor('console.localhost').with({ token: 'guess' });
    expect((await guess.get('/operator/v1/tenants')).status).toBe(401);
  });

  it('returns the same answer for a repeated Idempotency-Key', async () => {
    const owner = await system.as('acme', 'owner');
    const body = { kind: 'person', name: 'Ana' };
    const key = { 'idempotency-key': 'import-2026-11-20/1' };
    const answers = await Promise.all(Array.from({ length: 12 }, () => owner.post('/customers', body, key)));
    const made = answers.filter((answer) => answer.status === 201);
    expect(made.length + answers.filter((answer) => answer.body.code === 'idempotency_key_in_flight').length).toBe(12);
    expect(new Set(made.map((answer) => answer.body.id)).size).toBe(1);
    expect((await owner.post('/customers', body, key)).body.id).toBe(made[0]!.body.id);
    expect((await owner.post('/customers', { ...body, name: 'Bia' }, key)).body.code).toBe('idempotency_key_reused');
    const count = await system.crossing.first(sql<{ count: number }>`
      select count(*)::int as count from outbox_events where type = 'customer.created' and tenant_id = ${system.tenants.acme}`);
    expect(count!.count).toBe(1);
  });
});
