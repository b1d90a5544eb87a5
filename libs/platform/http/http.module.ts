/** The HTTP room for Nest: guard, runner and strategies. The vertical adds what implements the ports. */
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { Tokens } from '#platform/auth';
import { SETTINGS, type Settings } from '#platform/config';
import type { HealthCheck } from '#platform/telemetry';
import { AccessGuard } from './access.guard.js';
import { Drain } from './drain.js';
import { HEALTH_CHECKS, HealthController } from './health.controller.js';
import { OperationRunner } from './runner.js';
import { JWT_STRATEGIES } from './strategies.js';

@Module({})
export class HttpModule {
  /** `ports`: the modules that implement admission and the tenant directory; `checks`: what readiness depends on. */
  static async over(ports: Type[], checks: HealthCheck[], hasMetrics: boolean): Promise<DynamicModule> {
    // Loaded only where it is wanted: METRICS_ENABLED=false leaves no trace of it.
    const metrics = hasMetrics ? [(await import('./http-metrics.js')).HttpMetricsModule] : [];
    return {
      module: HttpModule,
      global: true,
      imports: [PassportModule.register({ session: false }), ...metrics, ...ports],
      controllers: [HealthController],
      providers: [
        {
          provide: Tokens,
          inject: [SETTINGS],
          useFactory: (settings: Settings) =>
            new Tokens({ secret: settings.SECRET_KEY, lifetimeMinutes: settings.ACCESS_TOKEN_EXPIRE_MINUTES }),
        },
        ...JWT_STRATEGIES,
        OperationRunner,
        Drain,
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: HEALTH_CHECKS, useValue: checks },
      ],
      exports: [Tokens, OperationRunner, Drain],
    };
  }
}
