/**
 * Compares the document with the running API: answers satisfy the documented schemas and have the documented headers.
 */
import supertest from 'supertest';
import type { Operation } from '#contracts/operation';
import { handledOperations } from '#platform/http';
import { openApiDocument } from '#platform/openapi';
import { type Answer, type Caller, startSystem, type System } from '../scenarios/system.js';

type Json = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- documents are walked, not typed

let system: System;
let owner: Caller;
const document: Json = openApiDocument('tenant', handledOperations(), '1.0.0');
const operations = new Map(handledOperations().map((operation) => [operation.id, operation]));

beforeAll(async () => {
  system = await startSystem();
  owner = await system.as('acme', 'owner');
});
afterAll(() => system.stop());

const entryOf = (operation: Operation) =>
  document['paths'][`/api/v1${operation.path.replace(/:(\w+)/g, '{$1}')}`][operation.method.toLowerCase()] as Json;

/** The answer, after it was checked against the document of this operation. */
function asDocumented(id: string, answer: Answer): Answer {
  const operation = operations.get(id)!;
  const documented = entryOf(operation)['responses'][answer.status] as Json;
  expect([id, answer.status, answer.body]).toEqual([id, operation.status, expect.anything()]);
  expect(operation.response.safeParse(answer.body)).toMatchObject({ success: true });
  for (const name of ['etag', 'ratelimit', 'ratelimit-policy', 'x-request-id']) {
    const isPromised = Object.keys(documented['headers'] as Json).some((header) => header.toLowerCase() === name);
    expect([id, name, name in answer.headers]).toEqual([id, name, isPromised]);
  }
  return answer;
}

async function refused(id: string, status: number, code: string, answer: Promise<Answer>): Promise<void> {
  const { status: got, body, headers } = await answer;
  expect([got, body.code, headers['content-type']]).toEqual([
    status,
    code,
    expect.stringContaining('application/problem+json'),
  ]);
  expect(body.type).toBe(`/docs/errors#${code}`);
  const documented = entryOf(operations.get(id)!)['responses'][status] as Json;
  const name = String(documented['$ref']).split('/').at(-1)!;
  const response = (documented['$ref'] ? document['components']['responses'][name] : documented) as Json;
  expect(Object.keys(response['content']['application/problem+json'].examples as Json)).toContain(code);
}

it('answers the main job as documented', async () => {
  const post = async (id: string, path: string, body: object = {}) =>
    asDocumented(id, await owner.post(path, body)).body;
  const get = async (id: string, path: string) => asDocumented(id, await owner.get(path)).body;
  const product = await post('createProduct', '/products', {
    code: 'CIM-50',
    name: 'Cimento',
    unit: 'H87',
    price: '32.00',
  });
  await post('recordStockMovement', '/stock/movements', { product_id: product.id, kind: 'receive', quantity: '100' });
  const customer = await post('createCustomer', '/customers', { kind: 'company', name: 'Horizonte' });
  const site = await post('createSite', '/sites', { customer_id: customer.id, name: 'Aurora', address: 'Rua A, 1' });
  const lines = [{ product_id: product.id, quantity: '10', discount_percent: '5' }];
  const quote = await post('createQuote', '/quotes', { customer_id: customer.id, site_id: site.id, lines });
  await post('sendQuote', `/quotes/${quote.id}/send`);
  await post('acceptQuote', `/quotes/${quote.id}/accept`, { accepted_by: 'Ana' });
  const { order_id: orderId } = await post('convertQuote', `/quotes/${quote.id}/convert`);
  await post('changeOrderStatus', `/orders/${orderId}/status`, { status: 'preparing' });

  await get('getProduct', `/products/${product.id}`);
  await get('getStock', `/stock/${product.id}`);
  await get('getCustomer', `/customers/${customer.id}`);
  await get('getSite', `/sites/${site.id}`);
  await get('getQuote', `/quotes/${quote.id}`);
  await get('getOrder', `/orders/${orderId}`);
  for (const [id, path] of [
    ['listProducts', '/products'],
    ['listStock', '/stock'],
    ['listStockMovements', '/stock/movements'],
    ['listCustomers', '/customers'],
    ['listSites', '/sites'],
    ['listQuotes', '/quotes'],
    ['listOrders', '/orders'],
    ['listUsers', '/users'],
    ['listInsights', '/insights'],
    ['insightHitRates', '/insights/hit-rates'],
    ['me', '/auth/me'],
    ['getTenant', '/tenant'],
  ] as const)
    await get(id, path);
});

it('refuses as documented', async () => {
  const driver = await system.as('acme', 'driver');
  const product = { code: 'CAL-20', name: 'Cal', unit: 'H87', price: '15.00' };
  const { body } = await owner.post('/products', product);
  const unknown = '01931b6e-3c00-7a00-8000-000000000001';
  await refused('createProduct', 409, 'product_code_taken', owner.post('/products', product));
  await refused('createProduct', 422, 'validation_failed', owner.post('/products', { ...product, price: 'much' }));
  await refused('createProduct', 403, 'forbidden', driver.post('/products', product));
  await refused('createProduct', 401, 'unauthenticated', system.visitor('acme.localhost').post('/products', product));
  await refused(
    'createProduct',
    400,
    'invalid_idempotency_key',
    owner.post('/products', product, { 'idempotency-key': 'ä' }),
  );
  await refused(
    'changeProduct',
    412,
    'version_conflict',
    owner.patch(`/products/${body.id}`, { price: '16.00' }, { 'if-match': '"99"' }),
  );
  await refused(
    'changeProduct',
    400,
    'invalid_if_match',
    owner.patch(`/products/${body.id}`, { price: '16.00' }, { 'if-match': '3' }),
  );
  await refused('getQuote', 404, 'not_found', owner.get('/quotes/not-an-id'));
  await refused('listProducts', 400, 'invalid_cursor', owner.get('/products?cursor=mine'));
  await refused('createQuote', 404, 'customer_not_found', owner.post('/quotes', { customer_id: unknown, lines: [] }));
});

it('links every problem to its explanation', async () => {
  const { text } = await supertest(system.app.getHttpServer()).get('/docs/errors').expect(200);
  for (const { errors = [] } of handledOperations())
    for (const code of errors) expect(text).toContain(`<tr id="${code}">`);
});

describe('the documentation', () => {
  const page = (host: string, path: string) => supertest(system.app.getHttpServer()).get(path).set('host', host);

  it.each(['/docs', '/redoc', '/reference'])(
    '%s is one page with files of this server, under a policy without inline scripts',
    async (path) => {
      const { text, headers } = await page('acme.localhost', path).expect(200);
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'; script-src 'self';");
      expect(policy).not.toContain('http');
      expect(text).not.toMatch(/<script>|<script (?!src="\/docs\/files\/)|(src|href)="(https?:)?\/\//);
      for (const [, address] of text.matchAll(/(?:src|href)="(\/docs\/files\/[^"]+)"/g)) {
        const file = await page('acme.localhost', address!).set('accept-encoding', 'gzip').expect(200);
        expect(file.headers['cache-control']).toBe('public, max-age=31536000, immutable');
        expect(file.headers['content-type']).toMatch(/^text\/(javascript|css)/);
        expect(file.headers['content-encoding']).toBe('gzip');
      }
    },
  );

  it('serves nothing else from the folder of files', async () => {
    for (const name of ['manifest.json', '..%2f..%2fpackage.json', '%2e%2e', 'start-swagger.js'])
      await page('acme.localhost', `/docs/files/${name}`).expect(404);
  });

  it('shows stores their API and the console its own', async () => {
    const store = await page('acme.localhost', '/api/v1/openapi.json').expect(200);
    expect(store.body.paths).toHaveProperty('/api/v1/quotes');
    await page('acme.localhost', '/api/v1/openapi.json')
      .set('if-none-match', String(store.headers['etag']))
      .expect(304);
    await page('acme.localhost', '/operator/v1/openapi.json').expect(404);
    const console_ = await page('console.localhost', '/operator/v1/openapi.json').expect(200);
    expect(console_.body.paths).toHaveProperty('/operator/v1/tenants');
    expect((await page('acme.localhost', '/openapi.json').expect(302)).headers['location']).toBe(
      '/api/v1/openapi.json',
    );
  });
});
