/** passport-jwt, once per audience: a tenant's token does not open the console and the other way round. */
import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy, type StrategyOptionsWithoutRequest } from 'passport-jwt';
import type { Principal } from './principal.js';
import { ALGORITHM, ISSUER, principalOf, Tokens } from './tokens.js';

type Claims = Parameters<typeof principalOf>[0];

function optionsFor(tokens: Tokens, audience: Principal['audience']): StrategyOptionsWithoutRequest {
  return {
    jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
    // passport-jwt hands the key through to the verifier, which takes a KeyObject; its types only know text and buffers.
    secretOrKey: tokens.key as unknown as Buffer,
    algorithms: [ALGORITHM],
    issuer: ISSUER,
    audience,
    ignoreExpiration: false,
  };
}

@Injectable()
export class TenantJwtStrategy extends PassportStrategy(Strategy, 'tenant') {
  constructor(@Inject(Tokens) tokens: Tokens) {
    super(optionsFor(tokens, 'tenant'));
  }

  validate(claims: Claims): Principal | false {
    return principalOf(claims) ?? false;
  }
}

@Injectable()
export class OperatorJwtStrategy extends PassportStrategy(Strategy, 'operator') {
  constructor(@Inject(Tokens) tokens: Tokens) {
    super(optionsFor(tokens, 'operator'));
  }

  validate(claims: Claims): Principal | false {
    return principalOf(claims) ?? false;
  }
}
