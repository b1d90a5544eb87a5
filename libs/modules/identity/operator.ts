/** The console's own sign-in and the people who have it. */
import { Controller, Inject, Module } from '#platform/nest';
import { createOperator, listOperators, operatorLogin, operatorLogout } from '#contracts/identity/operations';
import { recordAct } from '#platform/audit';
import { Tokens } from '#platform/auth';
import { type CallOf, Handle } from '#platform/http';
import { before, pageOf } from '#platform/paging';
import { limitedAttempt } from './usecases/attempts.js';
import {
  createOperator as create,
  endOperatorSession,
  operatorPage,
  signInOperator,
} from './usecases/operator/operators.js';

@Controller()
export class OperatorSessionsController {
  constructor(@Inject(Tokens) private readonly tokens: Tokens) {}

  @Handle(operatorLogin)
  async login(call: CallOf<typeof operatorLogin>) {
    const { email, password } = call.body;
    const { id, sessionId } = await limitedAttempt(`console/${email}`, call.address, () =>
      signInOperator(call.tx, email, password),
    );
    return this.tokens.issueForOperator(id, sessionId);
  }

  @Handle(operatorLogout)
  async logout(call: CallOf<typeof operatorLogout>) {
    const { sessionId } = call.principal;
    if (sessionId === undefined) return { ended: 0 };
    return { ended: await endOperatorSession(call.tx, sessionId) };
  }
}

@Controller()
export class OperatorsController {
  @Handle(createOperator)
  async create(call: CallOf<typeof createOperator>) {
    const { operator, password } = await create(call.tx, call.body);
    const { actor } = call.principal;
    await recordAct(call.tx, {
      actor,
      action: 'operator.create',
      tenant: null,
      subject: operator.email,
      reason: call.body.reason,
    });
    return { id: operator.id, email: operator.email, name: operator.name, password };
  }

  @Handle(listOperators)
  async list(call: CallOf<typeof listOperators>) {
    const { cursor, limit } = call.query;
    const rows = await operatorPage(call.tx, before(cursor), limit);
    return pageOf(
      rows,
      limit,
      (row) => row.id,
      (row) => ({ ...row, created_at: row.created_at.toISOString() }),
    );
  }
}

@Module({ controllers: [OperatorSessionsController, OperatorsController] })
export class IdentityOperator {}
