/**
 * One passport-jwt strategy per audience: a tenant's token is not valid at the console, and an operator's not at a
 * store.
 */
import { Inject, Injectable, type Type } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { ALGORITHM, ISSUER, type Principal, principalOf, Tokens } from '#platform/auth';

type Claims = Parameters<typeof principalOf>[0];

/** The strategy named after the audience; its principal comes from the token's claims. */
function strategyFor(audience: Principal['audience']) {
  @Injectable()
  class JwtStrategy extends PassportStrategy(Strategy, audience) {
    constructor(@Inject(Tokens) tokens: Tokens) {
      super({
        jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
        // passport-jwt hands the key to the verifier, which takes a KeyObject; its types know text and buffers only.
        secretOrKey: tokens.key as unknown as Buffer,
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience,
        ignoreExpiration: false,
      });
    }

    validate(claims: Claims): Principal | false {
      return principalOf(claims) ?? false;
    }
  }
  return JwtStrategy;
}

export const JWT_STRATEGIES: readonly Type[] = [strategyFor('tenant'), strategyFor('operator')];
