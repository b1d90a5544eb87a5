/** The operator's door to tenants and their people: console host only, every change audited with its reason. */
import { Controller, Module } from '#platform/nest';
import {
  closeTenant,
  createTenant,
  createTenantUser,
  deactivateTenantUser,
  listTenants,
  listTenantUsers,
  reactivateTenant,
  resetTenantUserPassword,
  showTenant,
  suspendTenant,
} from '#contracts/tenancy/operations';
import { type CallOf, Handle } from '#platform/http';
import { before, pageOf } from '#platform/paging';
import { recordAct } from '#platform/audit';
import { userPage, userView } from '#modules/identity';
import { requireTenant, tenantPage, tenantView } from './data/tenants.js';
import type { TenantState } from './domain/tenant.js';
import { createTenant as create } from './usecases/operator/create-tenant.js';
import { addUser, deactivateUser, resetPassword } from './usecases/operator/manage-people.js';
import { moveTenant } from './usecases/operator/move-tenant.js';

export { countTenants } from './usecases/operator/count-tenants.js';

type StateCall = CallOf<typeof suspendTenant>;

@Controller()
export class TenantsController {
  @Handle(createTenant)
  async create(call: CallOf<typeof createTenant>) {
    const { actor } = call.principal;
    const { tenant, owner, password } = await create(call.tx, actor, call.body);
    await recordAct(call.tx, { actor, action: 'tenant.create', tenant: tenant.id, subject: tenant.slug, reason: null });
    return { ...tenantView(tenant), owner: { id: owner.id, email: owner.email, password } };
  }

  @Handle(listTenants)
  async list(call: CallOf<typeof listTenants>) {
    const { state, search, cursor, limit } = call.query;
    const rows = await call.tx.query(tenantPage({ state, search }, before(cursor), limit));
    return pageOf(rows, limit, (row) => row.id, tenantView);
  }

  @Handle(showTenant)
  async show(call: CallOf<typeof showTenant>) {
    return tenantView(await requireTenant(call.tx, call.params.tenant));
  }

  @Handle(suspendTenant)
  suspend(call: StateCall) {
    return this.move(call, 'suspended', 'tenant.suspend');
  }

  @Handle(reactivateTenant)
  reactivate(call: StateCall) {
    return this.move(call, 'active', 'tenant.reactivate');
  }

  @Handle(closeTenant)
  close(call: StateCall) {
    return this.move(call, 'closed', 'tenant.close');
  }

  private async move(call: StateCall, to: TenantState, action: string) {
    const { actor } = call.principal;
    const { reason } = call.body;
    const tenant = await moveTenant(call.tx, actor, { tenant: call.params.tenant, to, reason });
    await recordAct(call.tx, { actor, action, tenant: tenant.id, subject: tenant.slug, reason });
    return tenantView(tenant);
  }
}

@Controller()
export class TenantPeopleController {
  @Handle(listTenantUsers)
  async list(call: CallOf<typeof listTenantUsers>) {
    const { id } = await requireTenant(call.tx, call.params.tenant);
    const { cursor, limit } = call.query;
    const rows = await call.tx.query(userPage(id, before(cursor), limit));
    return pageOf(rows, limit, (row) => row.id, userView);
  }

  @Handle(createTenantUser)
  async create(call: CallOf<typeof createTenantUser>) {
    const { user, password } = await addUser(call.tx, call.principal.actor, {
      tenant: call.params.tenant,
      ...call.body,
    });
    return { ...userView(user), password };
  }

  @Handle(resetTenantUserPassword)
  async reset(call: CallOf<typeof resetTenantUserPassword>) {
    const { user, password } = await resetPassword(call.tx, call.principal.actor, {
      tenant: call.params.tenant,
      userId: call.params.id,
      reason: call.body.reason,
    });
    return { ...userView(user), password };
  }

  @Handle(deactivateTenantUser)
  async deactivate(call: CallOf<typeof deactivateTenantUser>) {
    const user = await deactivateUser(call.tx, call.principal.actor, {
      tenant: call.params.tenant,
      userId: call.params.id,
      reason: call.body.reason,
    });
    return userView(user);
  }
}

@Module({ controllers: [TenantsController, TenantPeopleController] })
export class TenancyOperator {}
