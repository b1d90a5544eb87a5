/** Zod issues as one `validation_failed` problem: every member that is wrong, with a JSON Pointer to it. */
import type { z } from 'zod';
import type { Operation } from '#contracts/operation';
import { errorTable, type FieldError, unstorableIn } from '#kernel';
import type { HttpRequest } from './request.js';

const UNSTORABLE = 'must not contain U+0000 or a surrogate without its partner';

const errors = errorTable({
  not_found: ['not_found', 'There is nothing at this address.'],
  validation_failed: ['invalid', 'The request does not fit the operation’s schema.'],
});

/**
 * Params, query and body as the operation's schemas read them. Throws `validation_failed`, or `not_found` for a path. Text that
 * PostgreSQL cannot keep is refused here for every operation, so that no schema has to exclude it.
 */
export function validated(operation: Operation, request: Pick<HttpRequest, 'params' | 'query' | 'body'>) {
  const params = read(operation.params, request.params ?? {}, dotted);
  const query = read(operation.query, request.query ?? {}, dotted);
  const body = read(operation.body, request.body, pointer);
  const problems = [...params.problems, ...query.problems, ...body.problems];
  if (problems.length === 0) return { params: params.data, query: query.data, body: body.data };
  // A path that cannot name anything is a thing that does not exist, and must not tell apart from a foreign one.
  if (params.problems.length === problems.length) throw errors.not_found();
  throw errors.validation_failed({ errors: problems });
}

type Locate = (path: PropertyKey[]) => string;

function read(schema: z.ZodType, value: unknown, locate: Locate): { data: unknown; problems: FieldError[] } {
  const unstorable = unstorableIn(value).map((path) => ({ pointer: locate(path), message: UNSTORABLE }));
  const { data, error } = schema.safeParse(value);
  return { data, problems: [...unstorable, ...issuesOf(error, locate)] };
}

function issuesOf(error: z.ZodError | undefined, locate: Locate): FieldError[] {
  return (error?.issues ?? []).map((issue) => ({ pointer: locate(issue.path), message: issue.message }));
}

function dotted(path: PropertyKey[]): string {
  return path.map(String).join('.');
}

function pointer(path: PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
