/** What a browser lets a page of another origin send and read: asked by the preflight request that a browser makes. */
import supertest from 'supertest';
import { handledOperations } from '#platform/http';
import { openApiDocument } from '#platform/openapi';
import { startSystem, type System } from '../scenarios/system.js';

const ORIGIN = 'https://console.shop.test';
const operations = handledOperations().filter(({ audience }) => audience === 'tenant');
const listed = (header: string | undefined) => (header ?? '').split(',').map((name) => name.trim().toLowerCase());

let system: System;

beforeAll(async () => {
  system = await startSystem({ environment: { CORS_ORIGINS: ORIGIN } });
});
afterAll(() => system.stop());

const preflight = (method: string, origin = ORIGIN) =>
  supertest(system.app.getHttpServer()).options('/api/v1/products/01931b6e-3c00-7a00-8000-000000000001').set({
    host: 'acme.localhost',
    origin,
    'access-control-request-method': method,
    'access-control-request-headers': 'authorization,content-type,idempotency-key,if-match',
  });

it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])('lets a page send %s', async (method) => {
  const { status, headers } = await preflight(method);
  expect(status).toBe(204);
  expect(headers).toMatchObject({
    'access-control-allow-origin': ORIGIN,
    'access-control-allow-credentials': 'true',
    'access-control-max-age': '600',
  });
  expect(listed(headers['access-control-allow-methods'])).toContain(method.toLowerCase());
  expect(listed(headers['access-control-allow-headers'])).toEqual([
    'authorization',
    'content-type',
    'idempotency-key',
    'if-match',
  ]);
});

it('allows the method of every operation', async () => {
  const allowed = listed((await preflight('GET')).headers['access-control-allow-methods']);
  for (const { id, method } of operations)
    expect([id, allowed]).toEqual([id, expect.arrayContaining([method.toLowerCase()])]);
});

it('does not allow a method that the API does not have', async () => {
  const allowed = listed((await preflight('TRACE')).headers['access-control-allow-methods']);
  expect(allowed.sort()).toEqual(['delete', 'get', 'head', 'patch', 'post', 'put']);
});

it('lets a page read the documented headers of every answer, of refusals too', async () => {
  const { components } = openApiDocument('tenant', operations, '1.0.0') as { components: { headers: object } };
  const documented = Object.keys(components.headers);
  const wanted = [...documented, 'Content-Disposition'].map((name) => name.toLowerCase());
  const owner = await system.as('acme', 'owner');
  for (const [answer, status] of [
    [await owner.get('/products', { origin: ORIGIN }), 200],
    [await owner.get('/products/01931b6e-3c00-7a00-8000-000000000001', { origin: ORIGIN }), 404],
    [await system.visitor('acme.localhost').get('/products', { origin: ORIGIN }), 401],
    [await system.visitor('nobody.localhost').get('/products', { origin: ORIGIN }), 404],
  ] as const) {
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([status, ORIGIN]);
    expect(listed(answer.headers['access-control-expose-headers'])).toEqual(expect.arrayContaining(wanted));
  }
});

it('gives another origin no permission', async () => {
  const { headers } = await preflight('GET', 'https://evil.test');
  expect(headers['access-control-allow-origin']).toBeUndefined();
});
