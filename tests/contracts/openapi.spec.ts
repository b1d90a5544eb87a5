/** The OpenAPI documents: valid, complete, and true to the schemas that validate at run time. */
import { Validator } from '@seriousme/openapi-schema-validator';
import type { Audience, Operation } from '#contracts/operation';
import { PERMISSIONS, TAGS } from '#contracts/rooms';
import { handledOperations } from '#platform/http';
import { openApiDocument } from '#platform/openapi';
import '../../apps/vertical/app.module.js';

type Json = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- documents are walked, not typed

const operations = handledOperations();
const documents = (['tenant', 'operator'] as const).map((audience) => {
  const document = JSON.parse(JSON.stringify(openApiDocument(audience, operations, '1.0.0'))) as Json;
  return [audience, document] as const;
});

function described(document: Json): { operation: Operation; entry: Json }[] {
  const entries = Object.values(document['paths'] as Json).flatMap((path: Json) => Object.values(path) as Json[]);
  return entries.map((entry) => ({
    entry,
    operation: operations.find(({ id }) => id === entry['operationId'])!,
  }));
}

function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, member]) =>
    key === '$ref' && typeof member === 'string' ? [member] : references(member),
  );
}

const at = (document: Json, reference: string): unknown =>
  reference
    .slice(2)
    .split('/')
    .reduce<Json | undefined>((value, key) => value?.[key] as Json | undefined, document);

/** A member with one of these words holds a secret. `next_cursor` and `token_type` do not. */
const SECRET_MEMBER = /(^|_)(token|password|secret|passphrase|otp|api_key)$/;

/** Names of the members with a secret, in every schema that a response refers to. */
function secretMembers(document: Json, value: unknown, visited = new Set<string>()): string[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, member]) => {
    if (key === '$ref' && typeof member === 'string') {
      if (visited.has(member)) return [];
      return secretMembers(document, at(document, member), visited.add(member));
    }
    const own = key === 'properties' ? Object.keys(member as object).filter((name) => SECRET_MEMBER.test(name)) : [];
    return [...own, ...secretMembers(document, member, visited)];
  });
}

describe.each(documents)('the %s document', (audience: Audience, document) => {
  it('is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate(structuredClone(document));
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
  });

  it('has every operation of its audience and no other, each with a different id', () => {
    const ids = described(document).map(({ entry }) => entry['operationId'] as string);
    expect([...ids].sort()).toEqual(
      operations
        .filter((o) => o.audience === audience)
        .map((o) => o.id)
        .sort(),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('refers only to existing components, and has no unused component', () => {
    const used = references(document);
    for (const reference of used) expect([reference, at(document, reference)]).not.toContain(undefined);
    const { schemas, responses, headers } = document['components'] as Record<string, Json>;
    for (const [kind, members] of Object.entries({ schemas, responses, headers }))
      for (const name of Object.keys(members!)) expect(used).toContain(`#/components/${kind}/${name}`);
  });

  it('describes every tag in a sentence', () => {
    for (const tag of document['tags'] as Json[]) expect([tag['name'], TAGS[tag['name']]]).not.toContain(undefined);
  });

  it.each(
    described(document).map(({ operation, entry }) => [entry['operationId'] as string, operation, entry] as const),
  )('%s: its examples satisfy the schemas that validate', (_, operation, entry) => {
    const [media] = Object.values(entry['responses'][operation.status].content) as [Json];
    expect(operation.response.safeParse(media['example'])).toMatchObject({ success: true });
    const body = entry['requestBody']?.content['application/json'] as Json | undefined;
    if (body) expect(operation.body.safeParse(body['example'])).toMatchObject({ success: true });
  });

  it.each(
    described(document).map(({ operation, entry }) => [entry['operationId'] as string, operation, entry] as const),
  )('%s: names its permission and every refusal with its code', (_, operation, entry) => {
    expect(entry['x-permission']).toBe(operation.access in PERMISSIONS ? operation.access : undefined);
    const text = JSON.stringify(
      Object.values(entry['responses'] as Json).map((response: Json) =>
        response['$ref'] ? at(document, response['$ref'] as string) : response,
      ),
    );
    for (const code of operation.errors ?? []) expect(text).toContain(`/docs/errors#${code}"`);
    expect(entry['responses']).toHaveProperty('429');
    if (operation.access !== 'public') expect(entry['responses']).toHaveProperty('401');
    if (operation.method === 'POST' && audience === 'tenant')
      expect(entry['parameters']).toContainEqual(
        expect.objectContaining({
          name: 'Idempotency-Key',
          in: 'header',
          description: expect.stringContaining(operation.answersWithSecret ? 'ignored' : 'safe'),
        }),
      );
    expect(text.includes('idempotency_key_reused')).toBe(
      operation.method === 'POST' && audience === 'tenant' && operation.answersWithSecret !== true,
    );
  });

  it('marks exactly the operations whose response has a member with a secret', () => {
    const withSecret = described(document).filter(({ entry, operation }) => {
      const [media] = Object.values(entry['responses'][operation.status].content) as [Json];
      return secretMembers(document, media['schema']).length > 0;
    });
    expect(withSecret.map(({ operation }) => operation.id)).toEqual(
      described(document)
        .filter(({ operation }) => operation.answersWithSecret)
        .map(({ operation }) => operation.id),
    );
    expect(withSecret).not.toEqual([]);
  });
});
