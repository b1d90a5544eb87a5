/** Probes on the public port: they name the parts that fail; only the private port shows the reasons. */
import { Controller, Get, Inject, Res } from '@nestjs/common';
import { type HealthCheck, readiness } from '#platform/telemetry';
import { Open } from './open.js';
import type { HttpReply } from './request.js';

export const HEALTH_CHECKS = Symbol('HealthChecks');

@Open()
@Controller()
export class HealthController {
  constructor(@Inject(HEALTH_CHECKS) private readonly checks: readonly HealthCheck[]) {}

  @Get('health')
  health() {
    return { status: 'ok' };
  }

  @Get('health/live')
  live() {
    return { status: 'ok' };
  }

  @Get('health/ready')
  async ready(@Res({ passthrough: true }) reply: HttpReply) {
    const { isReady, checks } = await readiness(this.checks);
    if (isReady) return { status: 'ok' };
    void reply.status(503).header('retry-after', '2');
    const failing = Object.keys(checks).filter((name) => checks[name] !== 'ok');
    return { status: 'unavailable', failing };
  }
}
