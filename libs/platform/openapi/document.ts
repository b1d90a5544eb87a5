/**
 * The OpenAPI 3.1 document. It is made from the same operation values that route, validate and authorise requests, so it cannot
 * be out of date.
 */
import type { z } from 'zod';
import { type Audience, type Operation, PREFIX } from '#contracts/operation';
import { PERMISSIONS, TAGS } from '#contracts/rooms';
import { problem } from '#contracts/problem';
import { exampleOf } from './examples.js';
import { type Json, sorted } from './json.js';
import { HEADERS, headers, problemResponses } from './responses.js';
import { schemaBook, type SchemaBook } from './schemas.js';

const INFO: Readonly<Record<Audience, { title: string; description: string; servers: Json[] }>> = {
  tenant: {
    title: 'BaseCommerce API',
    description: 'A store reaches it at its own host; a token is good for the store that issued it and no other.',
    servers: [
      { url: '/', description: 'This store' },
      {
        url: 'https://{store}.{domain}',
        description: 'A store by name',
        variables: { store: { default: 'acme' }, domain: { default: 'localhost' } },
      },
    ],
  },
  operator: {
    title: 'BaseCommerce operator API',
    description:
      'On the console host only, with an operator’s sign-in or `MANAGEMENT_API_KEY` as bearer. Every change asks for a reason and is kept in the audit; `X-Dry-Run: true` does it, shows the answer and takes it back.',
    servers: [{ url: '/', description: 'This console' }],
  },
};

const CONVENTIONS = `
- Money and quantities are decimal strings, currencies ISO 4217, units UN/ECE Recommendation 20, instants UTC, ids UUIDv7.
- Refusals are \`application/problem+json\` (RFC 9457): \`code\` is stable, \`errors[]\` points at members, \`type\` leads to [the list of errors](/docs/errors).
- Lists take \`limit\` and \`cursor\` and answer \`{ "data": [], "next_cursor": null }\`, newest first.
- \`Idempotency-Key\` makes a POST safe to repeat for seven days: same key and body, same answer; another body 422; still running 409. An operation that answers with a token or a password ignores it.
- What carries an \`ETag\` takes \`If-Match\`: 412 if somebody else changed it meanwhile.
- \`RateLimit\` and \`RateLimit-Policy\` state the budget. A member may be added to an answer at any time.`;

export function openApiDocument(audience: Audience, operations: readonly Operation[], version: string): Json {
  const own = operations.filter((operation) => operation.audience === audience);
  const { title, description, servers } = INFO[audience];
  const writer = new OperationWriter(own);
  const paths: Record<string, Json> = {};
  for (const operation of own) {
    const path = PREFIX[audience] + operation.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: writer.write(operation) };
  }
  return {
    openapi: '3.1.0',
    info: { title, version, description: `${description}\n${CONVENTIONS}` },
    servers,
    tags: Object.entries(TAGS)
      .filter(([name]) => own.some(({ tag }) => tag === name))
      .map(([name, description]) => ({ name, description })),
    paths: sorted(paths),
    components: {
      schemas: writer.book.components,
      responses: sorted(writer.responses),
      headers: usedHeaders([paths, writer.responses]),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: '`access_token` of the sign-in' },
      },
    },
    security: [{ bearer: [] }],
  };
}

function usedHeaders(parts: unknown): Json {
  const text = JSON.stringify(parts);
  return Object.fromEntries(Object.entries(HEADERS).filter(([name]) => text.includes(`#/components/headers/${name}"`)));
}

class OperationWriter {
  readonly book: SchemaBook;
  readonly responses: Record<string, Json> = {};
  /** Whether the response carries an ETag: reads and changes of resources that accept If-Match do. */
  private readonly versioned: ReadonlySet<z.ZodType>;

  constructor(operations: readonly Operation[]) {
    this.book = schemaBook(
      operations.flatMap(({ params, query, body }) => [params, query, body]),
      [...operations.map(({ response }) => response), problem],
    );
    const changed = operations.filter(({ errors }) => errors?.includes('version_conflict'));
    const isRead = ({ response }: Operation) =>
      operations.some((other) => other.method === 'GET' && other.response === response);
    this.versioned = new Set(changed.filter(isRead).map(({ response }) => response));
  }

  write(operation: Operation): Json {
    return {
      operationId: operation.id,
      tags: [operation.tag],
      summary: operation.summary,
      description: [operation.description, accessText(operation)].filter(Boolean).join('\n\n'),
      ...(operation.access === 'public' ? { security: [] } : {}),
      ...(operation.access in PERMISSIONS ? { 'x-permission': operation.access } : {}),
      parameters: [
        ...this.members(operation.params, 'path'),
        ...this.members(operation.query, 'query'),
        ...headerParameters(operation),
      ],
      ...this.body(operation),
      responses: {
        [operation.status]: this.success(operation),
        ...problemResponses(operation, this.responses),
      },
    };
  }

  private members(schema: z.ZodType, place: 'path' | 'query'): Json[] {
    const { properties = {}, required = [] } = this.book.of(schema, 'input') as {
      properties?: Record<string, Json>;
      required?: string[];
    };
    return Object.entries(properties).map(([name, { description, ...property }]) => ({
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      ...(description ? { description } : {}),
      schema: property,
    }));
  }

  private body(operation: Operation): Json {
    if (operation.method === 'GET') return {};
    const isOptional = operation.body.safeParse(undefined).success;
    const schema = this.book.of(operation.body, 'input');
    const isEmpty = isOptional && !JSON.stringify(schema).includes('"properties":{"');
    if (isEmpty && !('$ref' in schema)) return {};
    const example = exampleOf(without(schema, 'default'), this.book.components);
    return { requestBody: { required: !isOptional, content: { 'application/json': { schema, example } } } };
  }

  private success(operation: Operation): Json {
    const schema = this.book.of(operation.response, 'output');
    const tag = this.versioned.has(operation.response) ? (['ETag'] as const) : [];
    return {
      description: operation.status === 201 ? 'Created.' : 'Done.',
      headers: headers(...tag, 'RateLimit', 'RateLimit-Policy', 'X-Request-Id'),
      content: {
        [operation.mediaType ?? 'application/json']: { schema, example: exampleOf(schema, this.book.components) },
      },
    };
  }
}

function accessText(operation: Operation): string {
  if (operation.access === 'public') return 'Needs no sign-in.';
  if (operation.audience === 'operator') return 'For operators.';
  if (operation.access === 'signed_in') return 'For everybody who is signed in.';
  const roles: readonly string[] = PERMISSIONS[operation.access];
  return `Needs the permission \`${operation.access}\` (${roles.join(', ')}).`;
}

function headerParameters(operation: Operation): Json[] {
  const named = (name: string, description: string, schema: Json) => [
    { name, in: 'header', required: false, description, schema: { type: 'string', ...schema } },
  ];
  const isTenant = operation.audience === 'tenant';
  const isWrite = operation.method !== 'GET';
  return [
    ...(operation.method === 'POST' && isTenant
      ? named('Idempotency-Key', keyText(operation), { minLength: 1, maxLength: 255, examples: ['a3f1c2d4'] })
      : []),
    ...(operation.errors?.includes('version_conflict')
      ? named('If-Match', 'The ETag it was read with.', { examples: ['"3"'] })
      : []),
    ...(operation.mediaType === 'text/event-stream'
      ? named('Last-Event-ID', 'Go on after this message.', { examples: ['MTAwOjEwMjoxMDA'] })
      : []),
    ...(isWrite && !isTenant
      ? named('X-Dry-Run', 'Show what would happen and keep nothing.', { enum: ['true', 'false'] })
      : []),
  ];
}

function keyText({ answersWithSecret }: Operation): string {
  return answersWithSecret
    ? 'Accepted and ignored: the response contains a secret and is not kept. A repetition is a new request.'
    : 'Makes a repetition safe.';
}

function without(schema: Json, key: string): Json {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== key));
}
