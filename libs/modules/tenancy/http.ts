import { Controller, Module } from '@nestjs/common';
import { getTenant } from '#contracts/tenancy/operations';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { type CallOf, Handle, TENANT_DIRECTORY } from '#platform/http';
import { tenantById, tenantView } from './data/tenants.js';
import { CachedTenantDirectory } from './directory.js';
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
  providers: [
    {
      provide: TENANT_DIRECTORY,
      inject: [CrossTenantDatabase],
      useFactory: (database: CrossTenantDatabase) => new CachedTenantDirectory(database),
    },
  ],
  exports: [TENANT_DIRECTORY],
})
export class TenancyHttp {}
