/** The HTTP room for Nest: guard, runner and strategies. The vertical adds what implements the ports. */
import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { OperatorJwtStrategy, TenantJwtStrategy, Tokens } from '#platform/auth';
import { SETTINGS, type Settings } from '#platform/config';
import { AccessGuard } from './access.guard.js';
import { OperationRunner } from './runner.js';

@Global()
@Module({
  imports: [PassportModule.register({ session: false })],
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
})
export class HttpModule {}
