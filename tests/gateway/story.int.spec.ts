/** A quote becomes an order through the gateway and the vertical behind it, over TLS, as a store does it. */
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { MANAGEMENT_KEY, PASSWORD, startSystem, type System } from '../scenarios/system.js';
import { DOMAIN, Gateway } from './gateway.js';

let system: System;
let gateway: Gateway;

beforeAll(async () => {
  system = await startSystem({ environment: { TENANT_SOURCE: 'header', BASE_DOMAIN: DOMAIN } });
  await system.app.listen(0, '127.0.0.1');
  gateway = await Gateway.start({}, `127.0.0.1:${(system.app.getHttpServer().address() as AddressInfo).port}`);
});
afterAll(async () => {
  await gateway.stop();
  await system.stop();
});

interface Said {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- bodies are asserted on, not typed
}

function call(
  host: string,
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Said> {
  return new Promise((resolve, reject) => {
    const request = https.request(
      {
        host: '127.0.0.1',
        port: gateway.ports.tls,
        servername: host,
        rejectUnauthorized: false,
        method,
        path,
        headers: { host, ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          const isJson = String(response.headers['content-type']).includes('json');
          resolve({
            status: response.statusCode!,
            headers: response.headers as Record<string, string>,
            body: isJson ? (JSON.parse(text) as unknown) : text,
          });
        });
      },
    );
    request.on('error', reject);
    request.end(body && JSON.stringify(body));
  });
}

async function signedIn(slug: string) {
  const host = `${slug}.${DOMAIN}`;
  const { body, status } = await call(host, 'POST', '/api/v1/auth/login', {
    email: `owner@${slug}.test`,
    password: PASSWORD,
  });
  expect(status).toBe(200);
  const authorization = `Bearer ${body.access_token as string}`;
  return (method: string, path: string, content?: object, headers: Record<string, string> = {}) =>
    call(host, method, `/api/v1${path}`, content, { authorization, ...headers });
}

describe('the main job through the gateway', () => {
  it('goes from a product to an order on its way', async () => {
    const acme = await signedIn('acme');
    const product = await acme('POST', '/products', { code: 'CIM-1', name: 'Cimento', unit: 'H87', price: '32.00' });
    expect(product.status).toBe(201);
    const product_id = product.body.id as string;
    expect((await acme('POST', '/stock/movements', { product_id, kind: 'receive', quantity: '100' })).status).toBe(201);
    const customer = await acme('POST', '/customers', { kind: 'company', name: 'Construtora Horizonte' });
    const quote = await acme('POST', '/quotes', {
      customer_id: customer.body.id as string,
      lines: [{ product_id, quantity: '10', discount_percent: '5' }],
    });
    expect(quote).toMatchObject({ status: 201, body: { state: 'draft', total: '304.00' } });
    const at = `/quotes/${quote.body.id as string}`;
    expect((await acme('POST', `${at}/send`)).body.state).toBe('sent');
    expect((await acme('POST', `${at}/accept`, { accepted_by: 'Marina Duarte' })).body.state).toBe('accepted');
    const order = await acme('POST', `${at}/convert`);
    const moved = await acme('POST', `/orders/${order.body.order_id as string}/status`, { status: 'preparing' });
    expect(moved.body.status).toBe('preparing');
    expect((await acme('GET', `/stock/${product_id}`)).body).toMatchObject({ on_hand: '100', reserved: '10' });

    const line = await gateway.logged(({ path }) => path === `/api/v1${at}/convert`);
    expect(line).toMatchObject({ tenant: 'acme', status: 201, request_id: order.headers['x-request-id'] });
  });

  it('is refused at another store, with a foreign token as with a forged header', async () => {
    const acme = await signedIn('acme');
    const { body } = await acme('GET', '/auth/me');
    const mine = await acme('GET', '/products', undefined, { 'x-tenant-slug': 'bolt' });
    expect(mine.status).toBe(200);
    const token = (
      await call(`acme.${DOMAIN}`, 'POST', '/api/v1/auth/login', { email: 'owner@acme.test', password: PASSWORD })
    ).body.access_token as string;
    const theirs = await call(`bolt.${DOMAIN}`, 'GET', '/api/v1/products', undefined, {
      authorization: `Bearer ${token}`,
      'x-tenant-slug': 'acme',
    });
    expect(theirs).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect(body).toBeTruthy();
    expect((await call(`nobody.${DOMAIN}`, 'GET', '/api/v1/products')).body).toMatchObject({
      code: 'tenant_not_found',
    });
  });

  it('keeps the console separate, its webhooks open, and the vertical’s own pages unchanged', async () => {
    const console_ = `console.${DOMAIN}`;
    const authorization = `Bearer ${MANAGEMENT_KEY}`;
    const tenants = await call(console_, 'GET', '/operator/v1/tenants', undefined, { authorization });
    expect(tenants.status).toBe(200);
    expect(await call(`acme.${DOMAIN}`, 'GET', '/operator/v1/tenants', undefined, { authorization })).toMatchObject({
      status: 404,
    });
    const unsigned = await call(console_, 'POST', '/operator/v1/webhooks/stripe', { id: 'evt_1' });
    expect([401, 404, 409, 422, 503]).toContain(unsigned.status);
    expect(unsigned.body.code).toMatch(/^(webhook_not_authentic|provider_not_set_up)$/);

    const docs = await call(`acme.${DOMAIN}`, 'GET', '/docs');
    expect(docs.status).toBe(200);
    // Its own policy, once: the gateway's policy would forbid its scripts.
    expect(docs.headers['content-security-policy']).not.toContain("default-src 'self'; style-src");
    expect(docs.headers['content-security-policy']).not.toMatch(/,/);
    for (const name of ['x-frame-options', 'x-content-type-options', 'referrer-policy', 'x-request-id'])
      expect(docs.headers[name]).not.toMatch(/,/);
    expect((await call(`acme.${DOMAIN}`, 'GET', '/health')).body).toEqual({ status: 'ok' });
    expect((await call(`acme.${DOMAIN}`, 'GET', '/')).headers['location']).toBe('/docs');
  });
});
