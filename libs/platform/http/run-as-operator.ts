/**
 * One operation of the operator, run in this process without a server: validated, in one transaction, by the method that
 * handles it behind the console's API. A command line calls this, so it must load nothing that a server needs.
 */
import type { Operation } from '#contracts/operation';
import { SETTINGS, type Settings } from '#platform/config';
import type { CrossTenantDatabase } from '#platform/database/crossing';
import type { Type } from '#platform/nest';
import type { OperatorCall } from './call.js';
import { handlerOf } from './handle.js';
import { validated } from './validation.js';

/** What a route would have read from a request. */
export interface OperatorRequest {
  readonly operation: Operation;
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  /** `operator:<name>`, who acts. */
  readonly actor: string;
  /** Everything is done, shown and rolled back. */
  readonly isDryRun: boolean;
}

/** Returns what the operation answers with. Throws the room's errors. The room's door must be loaded. */
export async function runAsOperator(
  request: OperatorRequest,
  database: CrossTenantDatabase,
  settings: Settings,
): Promise<unknown> {
  const { operation, actor, isDryRun } = request;
  const found = handlerOf(operation);
  if (!found) throw new Error(`no loaded door handles ${operation.id}`);
  const controller = constructed(found.controller, settings);
  const call = {
    ...validated(operation, request),
    principal: { audience: 'operator', actor, sessionId: undefined },
    languages: [],
    address: 'command line',
    userAgent: null,
    ifMatch: undefined,
    etag: () => undefined,
    header: () => undefined,
    rawBody: () => undefined,
    cookie: () => undefined,
    setCookie: () => undefined,
  } as const;
  const work = async (tx: OperatorCall<Operation>['tx']) => found.handler.call(controller, { ...call, tx } as never);
  return isDryRun ? database.rehearse(work) : database.transaction(work);
}

/** A controller of the operator depends on the settings at most; `@Inject` has written down on what. */
function constructed(controller: Type, settings: Settings): unknown {
  const dependencies = (Reflect.getMetadata('self:paramtypes', controller) ?? []) as {
    index: number;
    param: unknown;
  }[];
  const given: unknown[] = [];
  for (const { index, param } of dependencies) {
    if (param !== SETTINGS) throw new Error(`${controller.name} needs ${String(param)}, which no command has`);
    given[index] = settings;
  }
  return new controller(...given);
}
