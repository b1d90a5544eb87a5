/** Probes on the public port: they say whether, never why; the reasons are on the private port. */
import { Controller, Get, Inject, Res } from '@nestjs/common';
import { type HealthCheck, readiness } from '#platform/telemetry';
import { Open } from './access.guard.js';
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
    const { isReady } = await readiness(this.checks);
    if (!isReady) void reply.status(503).header('retry-after', '2');
    return { status: isReady ? 'ok' : 'unavailable' };
  }
}
