/** The responses of an operation: the success with its headers, and every problem by status, with its codes. */
import type { Operation } from '#contracts/operation';
import { PROBLEM_MEDIA_TYPE } from '#contracts/problem';
import { knownErrors } from '#kernel';
import { SERVER_ERRORS, STATUS_OF_KIND } from '#platform/http';
import { type Json, sorted } from './json.js';

export interface KnownProblem {
  readonly code: string;
  readonly status: number;
  readonly message: string;
}

/** Responses that every operation can give, described once per document. */
const HEADINGS: Readonly<Record<number, readonly [name: string, text: string]>> = {
  400: ['Malformed', 'The request cannot be read.'],
  401: ['Unauthenticated', 'No valid token, or the session has ended.'],
  402: ['PaymentRequired', 'The store is suspended or at a limit.'],
  403: ['Forbidden', 'The role does not allow this, or the store is closed.'],
  404: ['NotFound', 'There is no such thing; a foreign id answers the same.'],
  409: ['Conflict', 'It is not in a state that allows this.'],
  412: ['PreconditionFailed', 'It changed since it was read.'],
  413: ['BodyTooLarge', 'The body is too large.'],
  415: ['UnsupportedMediaType', 'The body is not JSON.'],
  421: ['Misdirected', 'Nothing lives at this host.'],
  422: ['Invalid', 'The request does not fit the schema, or makes no sense.'],
  429: ['TooManyRequests', 'Too many requests; `Retry-After` says when to come back.'],
  500: ['Internal', 'Our mistake; `request_id` finds it in the logs.'],
  503: ['Unavailable', 'Not possible right now; `Retry-After` says when to come back.'],
};

export const HEADERS: Readonly<Record<string, Json>> = {
  ETag: {
    description: 'The version of what was answered, for `If-Match`.',
    schema: { type: 'string', examples: ['"3"'] },
  },
  RateLimit: {
    description: 'What is left of the budget: remaining requests and seconds until it is full again.',
    schema: { type: 'string', examples: ['"tenant";r=598;t=42'] },
  },
  'RateLimit-Policy': {
    description: 'The budget: requests in a window of seconds.',
    schema: { type: 'string', examples: ['"tenant";q=600;w=60'] },
  },
  'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer', minimum: 0, examples: [2] } },
  'X-Request-Id': {
    description: 'Names this request in the logs.',
    schema: { type: 'string', examples: ['01931b6e-3c00-7a00-8000-0000000000aa'] },
  },
};

export function headers(...names: string[]): Json {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** Refers to a shared response when an operation adds no codes to it; collects the shared responses in `shared`. */
export function problemResponses(operation: Operation, shared: Record<string, Json>): Json {
  const common = byStatus(generalCodes(operation));
  const own = byStatus([...new Set([...generalCodes(operation), ...(operation.errors ?? [])])]);
  return Object.fromEntries(
    [...own].map(([status, problems]): [string, Json] => {
      const isCommon = problems.length === common.get(status)?.length;
      if (!isCommon) return [String(status), problemResponse(status, problems)];
      const name = HEADINGS[status]![0] + (isKeyed(operation) && KEY_STATUSES.includes(status) ? 'WithKey' : '');
      const response = problemResponse(status, problems);
      shared[name] ??= response;
      // If the name is used for other codes under this status, the response is described inline.
      const isShared = JSON.stringify(shared[name]) === JSON.stringify(response);
      return [String(status), isShared ? { $ref: `#/components/responses/${name}` } : response];
    }),
  );
}

/** The statuses of the problems with an `Idempotency-Key`. */
const KEY_STATUSES: readonly number[] = [400, 409, 422];

function isKeyed({ method, audience, answersWithSecret }: Operation): boolean {
  return method === 'POST' && audience === 'tenant' && answersWithSecret !== true;
}

function problemResponse(status: number, problems: readonly KnownProblem[]): Json {
  const waits = status === 429 || status === 503 ? headers('Retry-After', 'X-Request-Id') : headers('X-Request-Id');
  return {
    description: `${HEADINGS[status]![1]} Codes: ${problems.map(({ code }) => `\`${code}\``).join(', ')}.`,
    headers: waits,
    content: {
      [PROBLEM_MEDIA_TYPE]: {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(problems.map((problem) => [problem.code, { value: exampleProblem(problem) }])),
      },
    },
  };
}

function exampleProblem({ code, status, message }: KnownProblem): Json {
  return {
    type: `/docs/errors#${code}`,
    title: code.replaceAll('_', ' '),
    status,
    code,
    detail: message,
    request_id: '01931b6e-3c00-7a00-8000-0000000000aa',
    ...(code === 'validation_failed' ? { errors: [{ pointer: '/name', message: 'must not be empty' }] } : {}),
  };
}

function generalCodes(operation: Operation): string[] {
  const isRead = operation.method === 'GET';
  const isTenant = operation.audience === 'tenant';
  return [
    ...(operation.access === 'public' ? [] : ['unauthenticated', 'session_ended']),
    ...(isTenant && operation.access !== 'public' ? ['tenant_closed'] : []),
    ...(isTenant && !isRead && operation.isOpenWhenSuspended !== true ? ['tenant_suspended'] : []),
    ...(isTenant && operation.access !== 'public' && operation.access !== 'signed_in' ? ['forbidden'] : []),
    ...(operation.path.includes('/:') ? ['not_found'] : []),
    ...(isRead ? [] : ['malformed_request', 'body_too_large', 'unsupported_media_type']),
    ...(isKeyed(operation) ? ['invalid_idempotency_key', 'idempotency_key_in_flight', 'idempotency_key_reused'] : []),
    ...('cursor' in queryShape(operation) ? ['invalid_cursor'] : []),
    ...(operation.errors?.includes('version_conflict') ? ['invalid_if_match'] : []),
    'unknown_host',
    'validation_failed',
    'rate_limited',
    'too_many_at_once',
    'internal_error',
    'database_unavailable',
  ];
}

export function queryShape(operation: Operation): object {
  return (operation.query as { shape?: object }).shape ?? {};
}

function byStatus(codes: readonly string[]): Map<number, KnownProblem[]> {
  const problems = allProblems();
  const statuses: Record<string, KnownProblem[]> = {};
  for (const code of codes) {
    const problem = problems.get(code);
    if (!problem) throw new Error(`no error table knows ${code}`);
    (statuses[problem.status] ??= []).push(problem);
  }
  return new Map(Object.entries(sorted(statuses)).map(([status, list]) => [Number(status), list]));
}

/** The errors of the rooms, of the server itself, and of the gateway in front of it. */
export function allProblems(): ReadonlyMap<string, KnownProblem> {
  const ours = knownErrors().map(({ code, kind, message }) => ({ code, message, status: STATUS_OF_KIND[kind] }));
  const servers = Object.entries(SERVER_ERRORS).map(([status, [code, message]]) => ({
    code,
    message,
    status: Number(status),
  }));
  return new Map([...GATEWAY, ...servers, INTERNAL, ...ours].map((problem) => [problem.code, problem]));
}

/** Nginx gives these answers when no process behind it answers. infra/nginx/templates has the same texts. */
const GATEWAY: readonly KnownProblem[] = [
  { code: 'address_not_allowed', status: 403, message: 'This address is not open to you.' },
  { code: 'not_implemented', status: 501, message: 'This way of sending a request is not understood here.' },
  {
    code: 'bad_gateway',
    status: 502,
    message: 'The service cannot be reached right now; it may or may not have seen this request.',
  },
  { code: 'service_unavailable', status: 503, message: 'The service is not available right now.' },
  {
    code: 'gateway_timeout',
    status: 504,
    message: 'The service did not answer in time; it may still have done what was asked.',
  },
];

const INTERNAL: KnownProblem = {
  code: 'internal_error',
  status: 500,
  message: 'Something went wrong on our side; the request id finds it in the logs.',
};
