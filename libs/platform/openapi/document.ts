/**
 * The OpenAPI 3.1 document, made from the same operation values that route, validate and authorise. Nothing in it is
 * written by hand, so nothing in it can be out of date.
 */
import { z } from 'zod';
import { type Audience, type Operation, PREFIX } from '#contracts/operation';
import { PERMISSIONS } from '#contracts/permissions';
import { problem, PROBLEM_MEDIA_TYPE } from '#contracts/problem';

type Json = Record<string, unknown>;

const TITLES: Readonly<Record<Audience, string>> = {
  tenant: 'BaseCommerce API',
  operator: 'BaseCommerce operator API',
};

const GENERAL_ERRORS: Readonly<Record<string, string>> = {
  '400': 'The request cannot be read.',
  '401': 'No valid token, or the session has ended.',
  '402': 'The store is suspended.',
  '403': 'The role does not allow this, or the store is closed.',
  '404': 'There is no such thing in this store.',
  '409': 'The thing is not in a state that allows this.',
  '412': 'It changed since it was read (`If-Match`).',
  '422': 'The request does not fit the schema.',
  '429': 'Too many requests; `Retry-After` says when to come back.',
  '503': 'The database cannot be reached right now.',
};

export function openApiDocument(audience: Audience, operations: readonly Operation[], version: string): Json {
  const own = operations.filter((operation) => operation.audience === audience);
  const paths: Record<string, Json> = {};
  for (const operation of own) {
    const path = PREFIX[audience] + operation.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: operationObject(operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: TITLES[audience],
      version,
      description:
        'Money and quantities are decimal strings, instants are UTC, ids are UUIDv7. Errors are `application/problem+json` (RFC 9457) with a stable `code`. ' +
        'Send `Idempotency-Key` with a POST to make a retry safe.',
    },
    servers: [{ url: '/' }],
    tags: [...new Set(own.map((operation) => operation.tag))].sort().map((name) => ({ name })),
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
    components: {
      schemas: { Problem: schemaOf(problem, 'output') },
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
    security: [{ bearer: [] }],
  };
}

function operationObject(operation: Operation): Json {
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    description: [operation.description, permissionText(operation)].filter(Boolean).join('\n\n'),
    ...(operation.access === 'public' ? { security: [] } : {}),
    parameters: parametersOf(operation),
    ...bodyOf(operation),
    responses: responsesOf(operation),
  };
}

function permissionText(operation: Operation): string {
  if (operation.access === 'public') return 'Needs no sign-in.';
  if (operation.access === 'signed_in') return 'For everybody who is signed in.';
  const roles: readonly string[] = PERMISSIONS[operation.access];
  return `Needs the permission \`${operation.access}\` (${roles.join(', ')}).`;
}

function parametersOf(operation: Operation): Json[] {
  const headers: Json[] = [];
  if (operation.method === 'POST' && operation.audience === 'tenant') {
    headers.push({
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      schema: { type: 'string', maxLength: 255 },
    });
  }
  if (operation.errors?.includes('version_conflict')) {
    headers.push({ name: 'If-Match', in: 'header', required: false, schema: { type: 'string', examples: ['"3"'] } });
  }
  return [...members(operation.params, 'path'), ...members(operation.query, 'query'), ...headers];
}

function members(schema: z.ZodType, place: 'path' | 'query'): Json[] {
  const { properties = {}, required = [] }: { properties?: Record<string, Json>; required?: string[] } = schemaOf(
    schema,
    'input',
  );
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

function bodyOf(operation: Operation): Json {
  if (operation.method === 'GET') return {};
  const schema = schemaOf(operation.body, 'input');
  const isOptional = operation.body.safeParse(undefined).success;
  return { requestBody: { required: !isOptional, content: { 'application/json': { schema } } } };
}

function responsesOf(operation: Operation): Json {
  const problems = Object.entries(GENERAL_ERRORS)
    .filter(([status]) => isPossible(operation, status))
    .map(([status, description]): [string, Json] => [
      status,
      { description, content: { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } } },
    ]);
  const codes = operation.errors?.length
    ? ` Codes to expect: ${operation.errors.map((code) => `\`${code}\``).join(', ')}.`
    : '';
  return {
    [operation.status]: {
      description: `Done.${codes}`,
      content: { 'application/json': { schema: schemaOf(operation.response, 'output') } },
    },
    ...Object.fromEntries(problems),
  };
}

function isPossible(operation: Operation, status: string): boolean {
  const isWrite = operation.method !== 'GET';
  if (status === '402') return isWrite && operation.audience === 'tenant' && operation.isOpenWhenSuspended !== true;
  if (status === '409') return isWrite;
  if (status === '412') return operation.errors?.includes('version_conflict') ?? false;
  if (status === '401') return operation.access !== 'public' || operation.id.toLowerCase().includes('login');
  return true;
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const converted: Json = { ...z.toJSONSchema(schema, { io, target: 'draft-2020-12', unrepresentable: 'any' }) };
  delete converted['$schema'];
  return converted;
}
