/** The HTTP room for Nest: guard, runner and strategies. The vertical adds what implements the ports. */
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { OperatorJwtStrategy, TenantJwtStrategy, Tokens } from '#platform/auth';
import { SETTINGS, type Settings } from '#platform/config';
import { AccessGuard } from './access.guard.js';
import { OperationRunner } from './runner.js';

@Module({})
export class HttpModule {
  /** `ports`: the modules that implement admission and the tenant directory. */
  static over(ports: Type[]): DynamicModule {
    return {
      module: HttpModule,
      global: true,
      imports: [PassportModule.register({ session: false }), ...ports],
      providers: [
        {
          provide: Tokens,
          inject: [SETTINGS],
          useFactory: (settings: Settings) =>
            new Tokens({ secret: settings.SECRET_KEY, lifetimeMinutes: settings.ACCESS_TOKEN_EXPIRE_MINUTES }),
        },
        TenantJwtStrategy,
        OperatorJwtStrategy,
        OperationRunner,
        { provide: APP_GUARD, useClass: AccessGuard },
      ],
      exports: [Tokens, OperationRunner],
    };
  }
}
