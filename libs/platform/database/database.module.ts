/** The vertical's two doors to the database: one per tenant, one for the operator. */
import { Global, Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '#platform/nest';
import { SETTINGS, type Settings } from '#platform/config';
import { CrossTenantDatabase } from './crossing.js';
import { TenantDatabase } from './tenant-database.js';

@Global()
@Module({
  providers: [
    {
      provide: TenantDatabase,
      inject: [SETTINGS],
      useFactory: (settings: Settings) =>
        new TenantDatabase({
          url: settings.DATABASE_URL,
          application: 'vertical',
          maxConnections: settings.DATABASE_POOL,
        }),
    },
    {
      provide: CrossTenantDatabase,
      inject: [SETTINGS],
      useFactory: (settings: Settings) =>
        new CrossTenantDatabase({
          url: settings.DATABASE_URL,
          application: 'vertical-operator',
          role: 'basecommerce_operator',
          maxConnections: 4,
        }),
    },
  ],
  exports: [TenantDatabase, CrossTenantDatabase],
})
export class DatabaseModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    @Inject(TenantDatabase) private readonly tenants: TenantDatabase,
    @Inject(CrossTenantDatabase) private readonly crossing: CrossTenantDatabase,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.tenants.assertConfined();
    await this.crossing.assertConfined();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.tenants.close(), this.crossing.close()]);
  }
}
