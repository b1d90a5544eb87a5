import { Controller, Module } from '#platform/nest';
import { getTenant } from '#contracts/tenancy/operations';
import { type CallOf, Handle, TENANT_DIRECTORY } from '#platform/http';
import { CachedTenantDirectory } from './adapters/tenant-directory.js';
import { tenantById, tenantView } from './data/tenants.js';
import { errors } from './errors.js';

@Controller()
export class TenantController {
  @Handle(getTenant)
  async get(call: CallOf<typeof getTenant>) {
    const [row] = await call.database.read(call.scope, tenantById(call.scope.tenant));
    if (!row) throw errors.tenant_not_found();
    return tenantView(row);
  }
}

@Module({
  controllers: [TenantController],
  providers: [{ provide: TENANT_DIRECTORY, useClass: CachedTenantDirectory }],
  exports: [TENANT_DIRECTORY],
})
export class TenancyHttp {}
