import { Controller, Inject, Module } from '#platform/nest';
import {
  changeOwnPassword,
  changeUser,
  createUser,
  getUser,
  listUsers,
  login,
  logout,
  me,
  refresh,
} from '#contracts/identity/operations';
import { mayDo, type Permission } from '#contracts/permissions';
import { PERMISSIONS } from '#contracts/rooms';
import { Tokens } from '#platform/auth';
import { ADMISSION, type CallOf, Handle } from '#platform/http';
import { before, pageOf } from '#platform/paging';
import { SessionAdmission } from './adapters/session-admission.js';
import { personById, userById, userPage, userView } from './data/users.js';
import { errors } from './errors.js';
import { limitedAttempt } from './usecases/attempts.js';
import {
  changeOwnPassword as changePassword,
  changeUser as change,
  createUser as create,
} from './usecases/manage-users.js';
import { formatRefreshToken, REFRESH_COOKIE, REFRESH_SECONDS } from './usecases/refresh-token.js';
import { rotateSession } from './usecases/rotate-session.js';
import { type SignedIn, signIn } from './usecases/sign-in.js';
import { signOut } from './usecases/sign-out.js';

@Controller()
export class SessionsController {
  constructor(@Inject(Tokens) private readonly tokens: Tokens) {}

  @Handle(login)
  async login(call: CallOf<typeof login>) {
    const { email, password } = call.body;
    const signedIn = await limitedAttempt(`${call.tenant.slug}/${email}`, call.address, () =>
      signIn(call.tx, { email, password, address: call.address, userAgent: call.userAgent }),
    );
    return this.welcome(call, signedIn);
  }

  @Handle(refresh)
  async refresh(call: CallOf<typeof refresh>) {
    const rotation = await rotateSession(call.tx, call.cookie(REFRESH_COOKIE));
    if (rotation.kind === 'rotated') return this.welcome(call, rotation.signedIn);
    call.setCookie(REFRESH_COOKIE, '', 0);
    // The end of the session must be kept, so the refusal is thrown after the transaction has committed.
    call.refuseAfterCommit(errors.refresh_reused());
    return { access_token: '', token_type: 'Bearer' as const, expires_in: 0 };
  }

  @Handle(logout)
  async logout(call: CallOf<typeof logout>) {
    const { userId, sessionId } = call.principal;
    call.setCookie(REFRESH_COOKIE, '', 0);
    return { ended: await signOut(call.tx, { userId, sessionId, isEverywhere: call.body.everywhere }) };
  }

  @Handle(changeOwnPassword)
  async changePassword(call: CallOf<typeof changeOwnPassword>) {
    const { userId, sessionId } = call.principal;
    return { ended: await changePassword(call.tx, { ...call.body, userId, sessionId }) };
  }

  @Handle(me)
  async me(call: CallOf<typeof me>) {
    const { tenant, userId } = call.principal;
    const [row] = await call.database.read(call.scope, personById(tenant, userId));
    if (!row) throw errors.session_ended();
    const permissions = (Object.keys(PERMISSIONS) as Permission[]).filter((permission) => mayDo(row.roles, permission));
    return { ...userView(row), permissions, tenant: { ...call.tenant, legal_name: row.legal_name, state: row.state } };
  }

  private welcome(call: CallOf<typeof login> | CallOf<typeof refresh>, signedIn: SignedIn) {
    call.setCookie(REFRESH_COOKIE, formatRefreshToken(signedIn.refreshToken), REFRESH_SECONDS);
    return this.tokens.issueForTenant({ ...signedIn, tenant: call.tenant.id });
  }
}

@Controller()
export class UsersController {
  @Handle(createUser)
  async create(call: CallOf<typeof createUser>) {
    return userView(await create(call.tx, call.body));
  }

  @Handle(listUsers)
  async list(call: CallOf<typeof listUsers>) {
    const { cursor, limit } = call.query;
    const rows = await call.database.read(call.scope, userPage(call.scope.tenant, before(cursor), limit));
    return pageOf(rows, limit, (row) => row.id, userView);
  }

  @Handle(getUser)
  async get(call: CallOf<typeof getUser>) {
    const [row] = await call.database.read(call.scope, userById(call.scope.tenant, call.params.id));
    if (!row) throw errors.user_not_found();
    return userView(row);
  }

  @Handle(changeUser)
  async change(call: CallOf<typeof changeUser>) {
    const { name, roles, is_active } = call.body;
    return userView(await change(call.tx, { userId: call.params.id, name, roles, isActive: is_active }));
  }
}

@Module({
  controllers: [SessionsController, UsersController],
  providers: [{ provide: ADMISSION, useClass: SessionAdmission }],
  exports: [ADMISSION],
})
export class IdentityHttp {}
