/** An error as the problem document (RFC 9457) that callers get. */
import { type Problem } from '#contracts/problem';
import { DomainError, type ErrorKind } from '#kernel';

/** The status an error of this kind is answered with. */
export const STATUS_OF_KIND: Readonly<Record<ErrorKind, number>> = {
  malformed: 400,
  unauthenticated: 401,
  payment_required: 402,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  precondition_failed: 412,
  misdirected: 421,
  invalid: 422,
  too_many_requests: 429,
  internal: 500,
  unavailable: 503,
};

/** Refusals of the server itself, before any of our code has run. */
export const SERVER_ERRORS: Readonly<Record<number, readonly [code: string, detail: string]>> = {
  400: ['malformed_request', 'The request cannot be read.'],
  404: ['not_found', 'There is nothing at this address.'],
  405: ['method_not_allowed', 'This address does not take that method.'],
  408: ['request_timeout', 'The request did not arrive in time.'],
  413: ['body_too_large', 'The request body is larger than this operation takes.'],
  414: ['uri_too_long', 'The address is too long.'],
  415: ['unsupported_media_type', 'Send the body as application/json.'],
  431: ['headers_too_large', 'The request headers are too large.'],
};

/** `serverStatus`: what the server itself says of an error that is none of ours. */
export function problemOf(error: unknown, requestId: string, serverStatus = 500): Problem {
  if (error instanceof DomainError) {
    return {
      ...documentOf(STATUS_OF_KIND[error.kind], error.code, error.message, requestId),
      ...error.extras.details,
      ...(error.extras.errors ? { errors: [...error.extras.errors] } : {}),
    };
  }
  const [code, detail] = SERVER_ERRORS[serverStatus] ?? [
    'internal_error',
    'Something went wrong on our side; the request id finds it in the logs.',
  ];
  return documentOf(SERVER_ERRORS[serverStatus] ? serverStatus : 500, code, detail, requestId);
}

function documentOf(status: number, code: string, detail: string, requestId: string): Problem {
  return {
    type: `/docs/errors#${code}`,
    title: code.replaceAll('_', ' '),
    status,
    code,
    detail,
    request_id: requestId,
  };
}
