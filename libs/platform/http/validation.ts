/** Zod issues as one `validation_failed` problem: every member that is wrong, with a JSON Pointer to it. */
import type { z } from 'zod';
import type { Operation } from '#contracts/operation';
import { errorTable, type FieldError } from '#kernel';
import type { HttpRequest } from './request.js';

const errors = errorTable({
  not_found: ['not_found', 'There is nothing at this address.'],
  validation_failed: ['invalid', 'The request does not fit the operation’s schema.'],
});

/** Params, query and body as the operation's schemas read them. Throws `validation_failed`, or `not_found` for a path. */
export function validated(operation: Operation, request: Pick<HttpRequest, 'params' | 'query' | 'body'>) {
  const params = operation.params.safeParse(request.params ?? {});
  const query = operation.query.safeParse(request.query ?? {});
  const body = operation.body.safeParse(request.body);
  if (params.success && query.success && body.success) {
    return { params: params.data, query: query.data, body: body.data };
  }
  const problems: FieldError[] = [
    ...issuesOf(params.error, (path) => path.join('.')),
    ...issuesOf(query.error, (path) => path.join('.')),
    ...issuesOf(body.error, pointer),
  ];
  // A path that cannot name anything is a thing that does not exist, and must not tell apart from a foreign one.
  if (!params.success && query.success && body.success) {
    throw errors.not_found();
  }
  throw errors.validation_failed({ errors: problems });
}

function issuesOf(error: z.ZodError | undefined, locate: (path: PropertyKey[]) => string): FieldError[] {
  return (error?.issues ?? []).map((issue) => ({ pointer: locate(issue.path), message: issue.message }));
}

function pointer(path: PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
