/**
 * An HTTP operation as a value: the only source of its route, validation, permission, documentation and,
 * for the operator's operations, command. Controllers bind to it with `@Handle(operation)`.
 */
import { z } from 'zod';
import type { Permission } from './permissions.js';

export type Audience = 'tenant' | 'operator';

/** `public` needs no sign-in, `signed_in` any; otherwise the permission. Operator operations are all `signed_in`. */
export type Access = 'public' | 'signed_in' | Permission;

export interface Operation<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Response extends z.ZodType = z.ZodType,
> {
  /** operationId: camelCase verb and noun. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the audience's prefix, with `:name` parameters. */
  readonly path: string;
  readonly audience: Audience;
  readonly access: Access;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly response: Response;
  /** Success status. */
  readonly status: number;
  /** Of the success response; JSON unless given. */
  readonly mediaType?: string;
  /** Codes of the errors a caller should expect beyond the general ones. */
  readonly errors?: readonly string[];
  /** Stays possible while the tenant is suspended (paying, leaving, signing in). */
  readonly isOpenWhenSuspended?: boolean;
  /**
   * The response contains a password, a token or another secret. No such answer is kept under an `Idempotency-Key`:
   * the header is accepted and ignored.
   */
  readonly answersWithSecret?: boolean;
  /** The words of the operator's command, e.g. `tenants create`. */
  readonly command?: string;
}

/**
 * The groups of operations in the document of the API. Groups come in the order of their numbers: below 200 those of a
 * store, from 200 on those of the operator.
 */
export type Tags = Readonly<Record<string, { readonly order: number; readonly description: string }>>;

type Defaulted = 'params' | 'query' | 'body' | 'status';

/** Method, audience and access as literals: they decide the argument of a handler. */
interface Literals<Method, Aud, Acc> {
  readonly method: Method;
  readonly audience: Aud;
  readonly access: Acc;
}

/** Spread into the operations that only an operator may call. */
export const operator = { audience: 'operator', access: 'signed_in' } as const;

export const none = z.strictObject({});
export const noBody = z.undefined().or(z.null()).or(z.strictObject({}));
export const idParams = z.strictObject({ id: z.uuid().meta({ description: 'UUIDv7' }) });

export function operation<
  const Method extends Operation['method'],
  const Acc extends Access,
  const Aud extends Audience = 'tenant',
  const Params extends z.ZodType = typeof none,
  const Query extends z.ZodType = typeof none,
  const Body extends z.ZodType = typeof noBody,
  const Response extends z.ZodType = z.ZodType,
>(
  spec: Omit<Operation<Params, Query, Body, Response>, Defaulted | 'method' | 'audience' | 'access'> &
    Partial<Pick<Operation<Params, Query, Body, Response>, Defaulted>> &
    Omit<Literals<Method, Aud, Acc>, 'audience'> & { readonly audience?: Aud },
): Operation<Params, Query, Body, Response> & Literals<Method, Aud, Acc> {
  return {
    params: none as unknown as Params,
    query: none as unknown as Query,
    body: noBody as unknown as Body,
    status: spec.method === 'POST' ? 201 : 200,
    ...spec,
    audience: spec.audience ?? ('tenant' as Aud),
  };
}

export const PREFIX: Readonly<Record<Audience, string>> = { tenant: '/api/v1', operator: '/operator/v1' };

export type ParamsOf<Op extends Operation> = z.output<Op['params']>;
export type QueryOf<Op extends Operation> = z.output<Op['query']>;
export type BodyOf<Op extends Operation> = z.output<Op['body']>;
/** The result of a handler, in its wire format. */
export type ResponseOf<Op extends Operation> = z.input<Op['response']>;

/** `?limit=&cursor=`, the query of every list. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50).meta({ description: 'Items per page, 1 to 200' }),
  cursor: z.string().max(500).optional().meta({ description: 'next_cursor of the page before' }),
});

export function page<Item extends z.ZodType>(item: Item) {
  return z.object({
    data: z.array(item),
    next_cursor: z
      .string()
      .nullable()
      .meta({ description: 'Of the next page; null on the last', examples: ['MDE5MzFiNmUtM2MwMC03YTAw'] }),
  });
}
