/** U+0000 and half a surrogate pair, sent in each string of each operation: refused with the member's place, and never a 5xx. */
import type { Operation } from '#contracts/operation';
import { handledOperations } from '#platform/http';
import { exampleOf, type Json, openApiDocument } from '#platform/openapi';
import { type Answer, type Caller, startSystem, type System } from '../scenarios/system.js';

const BAD = ['a\0b', 'a\ud800b', '\udc00'];
const ID = '01931b6e-3c00-7a00-8000-000000000001';
const PREFIXES = { tenant: '/api/v1', operator: '/operator/v1' } as const;

let system: System;
let owner: Caller;

beforeAll(async () => {
  system = await startSystem({ environment: { RATE_LIMIT_PER_MINUTE: '100000' } });
  owner = await system.as('acme', 'owner');
});
afterAll(() => system.stop());

const documents: Record<string, Json> = {
  tenant: openApiDocument('tenant', handledOperations(), '1.0.0'),
  operator: openApiDocument('operator', handledOperations(), '1.0.0'),
};

function documented({ audience, path, method }: Operation): Json {
  const paths = documents[audience]!['paths'] as Record<string, Record<string, Json>>;
  return paths[PREFIXES[audience] + path.replace(/:(\w+)/g, '{$1}')]![method.toLowerCase()]!;
}

function exampleBody(operation: Operation): unknown {
  const content = (documented(operation)['requestBody'] as Json | undefined)?.['content'] as Record<string, Json>;
  if (!content) return undefined;
  const components = documents[operation.audience]!['components'] as { schemas: Record<string, Json> };
  return exampleOf(content['application/json']!['schema'] as Json, components.schemas);
}

/** The JSON Pointers of the strings in `value`. */
function stringsIn(value: unknown, at = ''): string[] {
  if (typeof value === 'string') return [at];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => stringsIn(member, `${at}/${name}`));
}

function withText(body: unknown, place: string, text: string): unknown {
  if (place === '') return text;
  const copy = structuredClone(body);
  const names = place.slice(1).split('/');
  const last = names.pop()!;
  const holder = names.reduce((value, name) => value[name] as Json, copy as Json);
  holder[last] = text;
  return copy;
}

function send({ audience, method, path }: Operation, body: unknown, query = '', param = ID): Promise<Answer> {
  const caller = audience === 'operator' ? system.operator() : owner;
  const url = PREFIXES[audience] + path.replace(/:\w+/g, param) + query;
  if (method === 'GET') return caller.get(url);
  if (method === 'DELETE') return caller.delete(url);
  return caller[method.toLowerCase() as 'post' | 'put' | 'patch'](url, body as object);
}

const refusal = ({ status, body }: Answer) => ({ status, code: (body as Json | undefined)?.['code'] });
const pointers = ({ body }: Answer) => ((body as Json)['errors'] as { pointer: string }[]).map((each) => each.pointer);
const INVALID = { status: 422, code: 'validation_failed' };

it('refuses it in each string of each body, and names the member', async () => {
  let sent = 0;
  for (const operation of handledOperations()) {
    const body = exampleBody(operation);
    for (const place of stringsIn(body)) {
      for (const text of BAD) {
        const answer = await send(operation, withText(body, place, text));
        const where = { operation: operation.id, place, text };
        expect({ ...where, ...refusal(answer) }).toEqual({ ...where, ...INVALID });
        expect({ ...where, pointers: pointers(answer) }).toEqual({
          ...where,
          pointers: expect.arrayContaining([place]),
        });
        sent += 1;
      }
    }
  }
  expect(sent).toBeGreaterThan(200);
});

it('refuses it in each parameter of each query', async () => {
  let sent = 0;
  for (const operation of handledOperations()) {
    const parameters = (documented(operation)['parameters'] ?? []) as Json[];
    for (const { name } of parameters.filter((parameter) => parameter['in'] === 'query')) {
      const answer = await send(operation, exampleBody(operation), `?${String(name)}=a%00b`);
      expect({ operation: operation.id, name, ...refusal(answer) }).toEqual({
        operation: operation.id,
        name,
        ...INVALID,
      });
      const half = await send(operation, exampleBody(operation), `?${String(name)}=a%ED%A0%80b`);
      expect({ operation: operation.id, name, isFailure: half.status >= 500 }).toMatchObject({ isFailure: false });
      sent += 1;
    }
  }
  expect(sent).toBeGreaterThan(20);
});

it('finds nothing at a path with it', async () => {
  const onItems = handledOperations().filter(({ path }) => path.includes('/:'));
  expect(onItems.length).toBeGreaterThan(25);
  for (const operation of onItems) {
    const { status } = await send(operation, exampleBody(operation), '', 'a%00b');
    expect({ operation: operation.id, status }).toEqual({ operation: operation.id, status: 404 });
  }
});
