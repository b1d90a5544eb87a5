/**
 * The vertical in this process, on a database of its own, with two stores and people of every role. Requests go through
 * the real server, host names, tokens and all.
 */
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import supertest from 'supertest';
import type { Role } from '#contracts/roles';
import { addUser, createTenant } from '#modules/tenancy';
import { readSettings, type Settings } from '#platform/config';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { createHttpApp } from '#platform/http/server';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import { VerticalModule } from '../../apps/vertical/app.module.js';

export const PASSWORD = 'demo-demo-demo';
export const MANAGEMENT_KEY = 'mk-3f9Q7xW2bZ8vK1nR5tY6uJ0pL4sD7cE';

export interface System {
  readonly app: NestFastifyApplication;
  readonly database: TestDatabase;
  readonly crossing: CrossTenantDatabase;
  readonly settings: Settings;
  readonly tenants: Readonly<Record<'acme' | 'bolt', string>>;
  /** A signed-in person of a store. */
  as(slug: string, role: Role): Promise<Caller>;
  /** A client that has not signed in, at this host. */
  visitor(host: string): Caller;
  operator(): Caller;
  stop(): Promise<void>;
}

export interface Answer {
  status: number;
  body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- bodies are asserted on, not typed
  headers: Record<string, string>;
}

export class Caller {
  constructor(
    private readonly app: NestFastifyApplication,
    readonly host: string,
    readonly token?: string,
    readonly cookie?: string,
  ) {}

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('get', path, undefined, headers);
  }

  post(path: string, body: object = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('post', path, body, headers);
  }

  put(path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('put', path, body, headers);
  }

  patch(path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('patch', path, body, headers);
  }

  delete(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('delete', path, undefined, headers);
  }

  /** The same person with other credentials. */
  with(credentials: { token?: string; cookie?: string }): Caller {
    return new Caller(this.app, this.host, credentials.token, credentials.cookie);
  }

  private async send(
    method: 'get' | 'post' | 'put' | 'patch' | 'delete',
    path: string,
    body: object | undefined,
    headers: Record<string, string>,
  ) {
    const prefix = /^\/(api|operator|health|docs|openapi)/.test(path) ? '' : '/api/v1';
    const request = supertest(this.app.getHttpServer())
      [method](prefix + path)
      .set('host', this.host)
      .set(headers);
    if (this.token) void request.set('authorization', `Bearer ${this.token}`);
    if (this.cookie) void request.set('cookie', this.cookie);
    const response = await (body === undefined ? request : request.send(body));
    const parsed: unknown = response.text ? JSON.parse(response.text) : undefined;
    return { status: response.status, body: parsed, headers: response.headers as Record<string, string> };
  }
}

export interface SystemOptions {
  environment?: Record<string, string>;
}

export async function startSystem(options: SystemOptions = {}): Promise<System> {
  const database = await createTestDatabase();
  const settings = readSettings('vertical', {
    NODE_ENV: 'test',
    DATABASE_URL: database.url,
    REDIS_URL: process.env['TEST_REDIS_URL'] ?? 'redis://127.0.0.1:1',
    SECRET_KEY: 'sk-8Hq2Lw9Zx4Rt7Vb1Nm5Kp3Js6Gd0FaXy',
    MANAGEMENT_API_KEY: MANAGEMENT_KEY,
    ENCRYPTION_KEY: 'ek-5Tg8Yh1Uj4Ik7Ol2Pm9Qa3Ws6Ed0RfZu',
    TENANT_SOURCE: 'host',
    LOG_LEVEL: 'silent',
    // The metrics library is CommonJS over an ESM-only Nest, which jest cannot load; tests/processes measures real processes.
    METRICS_ENABLED: 'false',
    ...options.environment,
  });
  const crossing = new CrossTenantDatabase({ url: database.url, role: 'basecommerce_operator', application: 'test' });
  const tenants = { acme: await settle(crossing, 'acme'), bolt: await settle(crossing, 'bolt') };
  const app = await createHttpApp(VerticalModule.with(settings, []), settings);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  const visitor = (host: string) => new Caller(app, host);
  return {
    app,
    database,
    crossing,
    settings,
    tenants,
    visitor,
    operator: () => new Caller(app, 'console.localhost', MANAGEMENT_KEY),
    as: async (slug, role) => {
      const caller = visitor(`${slug}.localhost`);
      const answer = await caller.post('/auth/login', { email: `${role}@${slug}.test`, password: PASSWORD });
      if (answer.status !== 200)
        throw new Error(`sign-in of ${role}@${slug}.test answered ${answer.status} ${JSON.stringify(answer.body)}`);
      return caller.with({ token: (answer.body as { access_token: string }).access_token, cookie: cookieOf(answer) });
    },
    stop: async () => {
      await app.close();
      await crossing.close();
      await database.drop();
    },
  };
}

/** `name=value` of the cookie an answer sets. */
export function cookieOf(answer: Answer): string {
  return String((answer.headers['set-cookie'] as unknown as string[] | undefined)?.[0]).split(';')[0]!;
}

async function settle(crossing: CrossTenantDatabase, slug: string): Promise<string> {
  const others: Role[] = ['manager', 'seller', 'warehouse', 'driver', 'finance'];
  return crossing.transaction(async (tx) => {
    const { tenant } = await createTenant(tx, 'system:test', {
      slug,
      legal_name: `${slug} Ltda`,
      owner_email: `owner@${slug}.test`,
      owner_name: 'Owner',
      owner_password: PASSWORD,
      locale: 'pt-BR',
      time_zone: 'America/Sao_Paulo',
      currency: 'BRL',
    });
    for (const role of others) {
      await addUser(tx, 'system:test', {
        tenant: tenant.id,
        email: `${role}@${slug}.test`,
        name: role,
        roles: [role],
        password: PASSWORD,
        reason: 'test',
      });
    }
    return tenant.id;
  });
}
