import { newId } from '#kernel';
import { startSystem, type System } from './system.js';

let system: System;

beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());

describe('the operator', () => {
  it('follows an event from the outbox to the engines', async () => {
    const operator = system.operator();
    const events = await operator.get(`/operator/v1/events?tenant=${system.tenants.acme}&type=tenant.created`);
    expect(events).toMatchObject({ status: 200, body: { data: [{ type: 'tenant.created', aggregate_version: 1 }] } });
    const shown = await operator.get(`/operator/v1/events/${events.body.data[0].id}`);
    expect(shown.body).toMatchObject({
      envelope: { specversion: '1.0', type: 'tenant.created', data: { slug: 'acme' } },
      deliveries: [],
    });
    expect((await operator.get(`/operator/v1/events/${newId()}`)).body.code).toBe('event_not_found');
  });

  it('decides about failed events, with a reason, and only about existing ones', async () => {
    const operator = system.operator();
    expect((await operator.get('/operator/v1/dead-letters?state=dead')).body).toEqual({ data: [], next_cursor: null });
    const missing = `/operator/v1/dead-letters/${system.tenants.acme}/stock/${newId()}/drop`;
    expect((await operator.post(missing, { reason: 'duplicate' })).body.code).toBe('dead_letter_not_found');
    expect((await operator.post(missing)).body).toMatchObject({
      code: 'validation_failed',
      errors: [{ pointer: '/reason' }],
    });
    expect((await operator.get('/operator/v1/engines')).status).toBe(200);
  });

  it('answers a dry run like the real run, and keeps nothing', async () => {
    const operator = system.operator();
    const rehearsed = await operator.post(
      '/operator/v1/tenants/acme/suspend',
      { reason: 'try' },
      { 'x-dry-run': 'true' },
    );
    expect(rehearsed.body.state).toBe('suspended');
    expect((await operator.get('/operator/v1/tenants/acme')).body.state).toBe('active');
    expect(
      (await operator.get('/operator/v1/audit?tenant=acme')).body.data.map((entry: { action: string }) => entry.action),
    ).not.toContain('tenant.suspend');
  });

  it('signs in as a person, and is refused with the first request after signing out', async () => {
    const created = await system
      .operator()
      .post('/operator/v1/operators', { email: 'eva@console.test', name: 'Eva', reason: 'new colleague' });
    const visitor = system.visitor('console.localhost');
    const signedIn = await visitor.post('/operator/v1/auth/login', {
      email: 'eva@console.test',
      password: created.body.password,
    });
    const eva = visitor.with({ token: signedIn.body.access_token });
    expect((await eva.get('/operator/v1/tenants')).status).toBe(200);
    // A console token is not valid at a store, and a store's token not at the console.
    expect(
      (await system.visitor('acme.localhost').with({ token: signedIn.body.access_token }).get('/products')).status,
    ).toBe(401);
    const owner = await system.as('acme', 'owner');
    expect((await visitor.with({ token: owner.token! }).get('/operator/v1/tenants')).status).toBe(401);
    expect((await eva.post('/operator/v1/auth/logout')).body).toEqual({ ended: 1 });
    expect((await eva.get('/operator/v1/tenants')).body.code).toBe('session_ended');
  });
});
