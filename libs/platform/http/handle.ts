/**
 * `@Handle(operation)` turns a controller method into the operation's handler: route, validation, permission, transaction
 * and idempotency all follow from the value. The method receives one typed call and returns the response.
 *
 * `@HandleExchange(operation)` is for a tenant's write that calls an outside service: its method returns an `exchange`,
 * whose parts run in a transaction, outside of any, and in another one.
 */
import { HttpCode, Req, RequestMapping, RequestMethod, Res, SetMetadata, type Type } from '#platform/nest';
import { type Operation, PREFIX, type ResponseOf } from '#contracts/operation';
import type { OutboundExchange } from '#platform/idempotency';
import type { ExchangeCall, OperatorCall, ReadCall, WriteCall } from './call.js';
import type { HttpReply, HttpRequest, Operations } from './request.js';

export const OPERATION = Symbol('Operation');

export type CallOf<Op extends Operation> = Op['audience'] extends 'operator'
  ? OperatorCall<Op>
  : Op['method'] extends 'GET'
    ? ReadCall<Op>
    : WriteCall<Op>;

type Handler<Op extends Operation> = (call: CallOf<Op>) => Promise<ResponseOf<Op>>;

interface Registered {
  readonly operation: Operation;
  /** The controller and its method, as they are written: without the route around them. */
  readonly controller?: Type;
  readonly handler?: (call: never) => unknown;
}

const registered = new Map<string, Registered>();

/** Every operation some controller handles: the API document is made from them. */
export function handledOperations(): readonly Operation[] {
  return [...registered.values()].map(({ operation }) => operation);
}

/** The controller that handles an operation, and its method. Undefined when its room is not loaded. */
export function handlerOf(operation: Operation) {
  const { controller, handler } = registered.get(operation.id) ?? {};
  return controller && handler && { controller, handler };
}

type Asking<Op extends Operation> = (call: ExchangeCall<Op>) => OutboundExchange<ResponseOf<Op>>;

type Way = (
  operations: Operations,
  request: HttpRequest,
  reply: HttpReply,
  handler: (call: never) => unknown,
) => Promise<unknown>;

export function Handle<Op extends Operation>(operation: Op) {
  return bound<Handler<Op>>(operation, (operations, request, reply, handler) =>
    operations.run(operation, request, reply, handler as Handler<Op>),
  );
}

export function HandleExchange<Op extends Operation & { readonly audience: 'tenant' }>(operation: Op) {
  return bound<Asking<Op>>(operation, (operations, request, reply, handler) =>
    operations.exchange(operation, request, reply, handler as Asking<Op>),
  );
}

function bound<Shape extends (call: never) => unknown>(operation: Operation, way: Way) {
  registered.set(operation.id, { operation });
  return <Method extends Shape>(target: object, key: string, descriptor: TypedPropertyDescriptor<Method>): void => {
    const handler = descriptor.value!;
    registered.set(operation.id, { operation, controller: target.constructor as Type, handler });
    const route = async function (this: unknown, request: HttpRequest, reply: HttpReply): Promise<unknown> {
      const answer = await way(request.server.operations, request, reply, (call) => handler.call(this, call));
      // The operation states the media type of a file; everything else is JSON.
      if (answer instanceof Uint8Array && operation.mediaType) void reply.type(operation.mediaType);
      return answer;
    };
    descriptor.value = route as unknown as Method;
    Req()(target, key, 0);
    Res({ passthrough: true })(target, key, 1);
    const method = descriptor as unknown as TypedPropertyDescriptor<unknown>;
    SetMetadata(OPERATION, operation)(target, key, method);
    HttpCode(operation.status)(target, key, method);
    RequestMapping({ path: PREFIX[operation.audience] + operation.path, method: RequestMethod[operation.method] })(
      target,
      key,
      method,
    );
  };
}
