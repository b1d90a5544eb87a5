/**
 * All settings of the environment, read once at boot. Precedence: environment, then `.env` in development only, then
 * the defaults here. With an invalid value a process does not boot; it prints one line that names the variable.
 */
import { z } from 'zod';

const PLACEHOLDERS =
  /^(changeme|change-me|secret|password|example|your[-_ ]|placeholder|default|postgres|basecommerce|demo[-_]?|test[-_]?key|development|dev[-_])/i;

const secret = (name: string) =>
  z
    .string({ error: `${name} is required` })
    .refine(
      (value) => Buffer.byteLength(value) >= 32,
      `${name} must have at least 32 bytes; make one with: openssl rand -base64 48`,
    )
    .refine(
      (value) => !PLACEHOLDERS.test(value),
      `${name} is a well-known placeholder; make one with: openssl rand -base64 48`,
    )
    .refine(
      (value) => new Set(value).size >= 10,
      `${name} repeats too few characters; make one with: openssl rand -base64 48`,
    );

const flag = z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1');

const port = z.coerce.number().int().min(0).max(65_535);

const url = (name: string, ...protocols: string[]) =>
  z
    .string({ error: `${name} is required` })
    .refine(
      (value) => URL.canParse(value) && protocols.includes(new URL(value).protocol),
      `${name} must be a URL starting with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    );

const origins = z
  .string()
  .transform((value) =>
    value
      .split(',')
      .map((origin) => origin.trim())
      .filter(Boolean),
  )
  .pipe(
    z.array(
      z
        .string()
        .refine(
          (value) => value === '*' || URL.canParse(value),
          'CORS_ORIGINS must be a comma-separated list of origins',
        ),
    ),
  );

const sender = z
  .string()
  .refine(
    (value) => /^([^<>@\r\n]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)$/.test(value),
    'MAIL_FROM must be an address, or a name and an address: Billing <billing@example.com>',
  );

export const schema = z.object({
  NODE_ENV: z
    .enum(['development', 'test', 'production'])
    .default('production')
    .meta({ description: '`development` reads `.env` and fills in what is missing; everything else is strict' }),
  DATABASE_URL: url('DATABASE_URL', 'postgres:', 'postgresql:').meta({
    description: 'PostgreSQL 15 or newer. `npm start` has its own unless this is set',
  }),
  REDIS_URL: url('REDIS_URL', 'redis:', 'rediss:').meta({
    description: 'Redis 7 or newer with `maxmemory-policy noeviction`. `npm start` has its own unless this is set',
  }),
  SECRET_KEY: secret('SECRET_KEY').meta({
    description:
      'signs tokens and keys the fingerprints of requests; 32 bytes or more, placeholders are refused. `npm start` makes one',
  }),
  ALGORITHM: z
    .literal('HS256', { error: 'ALGORITHM can only be HS256' })
    .default('HS256')
    .meta({ description: 'the algorithm that signs tokens; no other is accepted' }),
  ACCESS_TOKEN_EXPIRE_MINUTES: z.coerce
    .number()
    .int()
    .min(1)
    .max(43_200)
    .default(1_440)
    .meta({ description: 'life of an access token, in minutes' }),
  CORS_ORIGINS: origins.default(['http://localhost']).meta({
    description: 'origins that may call the API from a browser, separated by commas; `*` is refused in production',
  }),
  BASE_DOMAIN: z
    .string()
    .regex(/^[a-z0-9.-]+$/, 'BASE_DOMAIN must be a host name')
    .default('localhost')
    .meta({ description: 'stores live at `<slug>.BASE_DOMAIN`, the console at `console.BASE_DOMAIN`' }),
  TENANT_SOURCE: z.enum(['header', 'host'], { error: 'TENANT_SOURCE must be header or host' }).optional().meta({
    description:
      "where the store's slug is read: `header` behind the gateway, `host` without one. Unless set: `host` in development, `header` in production",
  }),
  MANAGEMENT_API_KEY: secret('MANAGEMENT_API_KEY').meta({
    description: "opens the operator's API. `npm start` makes one",
  }),
  ENCRYPTION_KEY: secret('ENCRYPTION_KEY').meta({
    description: 'encrypts secrets at rest, such as the keys of payment providers. `npm start` makes one',
  }),
  PORT: port.default(8_000).meta({ description: 'public port of the vertical; 0 picks a free one' }),
  METRICS_PORT: port
    .optional()
    .meta({ description: 'private port for metrics and health. Unless set: vertical 9100, worker 9101, relay 9102' }),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .meta({ description: 'the least severe log line that is written' }),
  METRICS_ENABLED: flag.default(true).meta({ description: 'whether metrics are collected and served' }),
  STREAM_PARTITIONS: z.coerce
    .number()
    .int()
    .min(1)
    .max(256)
    .default(16)
    .meta({ description: 'number of Redis streams of the vertical' }),
  RATE_LIMIT_PER_MINUTE: z.coerce
    .number()
    .int()
    .min(1)
    .default(12_000)
    .meta({ description: 'requests per minute, store and process' }),
  REQUESTS_AT_ONCE: z.coerce
    .number()
    .int()
    .min(1)
    .default(200)
    .meta({ description: 'requests that are handled at the same time, per store and process' }),
  /** Seconds between the signal to stop and the closed door; see http/drain.ts. */
  DRAIN_SECONDS: z.coerce.number().min(0).max(300).optional().meta({
    description:
      'seconds for which the vertical goes on serving after SIGTERM has turned its readiness. Unless set: 3, in development 0',
  }),
  DATABASE_POOL: z.coerce
    .number()
    .int()
    .min(2)
    .max(200)
    .default(10)
    .meta({ description: 'database connections per process' }),
  SMTP_URL: url('SMTP_URL', 'smtp:', 'smtps:').optional().meta({
    description:
      'sends e-mail: `smtp://user:password@host:587` (STARTTLS is required with a password) or `smtps://…`. Unless set, no mail is sent',
  }),
  MAIL_FROM: sender
    .optional()
    .meta({ description: 'sender: `Billing <billing@example.com>`; required with `SMTP_URL`' }),
  INVOICE_SELLER: z.string().trim().min(1).max(500).default('BaseCommerce').meta({
    description:
      'the seller at the head of invoices; further lines follow semicolons: `Acme Ltda; CNPJ 11.222.333/0001-81`',
  }),
});

export interface Settings extends Omit<z.output<typeof schema>, 'TENANT_SOURCE' | 'METRICS_PORT' | 'DRAIN_SECONDS'> {
  TENANT_SOURCE: 'header' | 'host';
  METRICS_PORT: number;
  DRAIN_SECONDS: number;
  isProduction: boolean;
  /** The actor of requests with the management key; the command line sets its own user. */
  managementActor: string;
}

export type ProcessName = 'vertical' | 'outbox-relay' | 'engines-worker' | 'basecommerce' | 'migrate';

/** The settings without which a process does not start. */
export const NEEDS: Readonly<Record<ProcessName, readonly (keyof z.output<typeof schema>)[]>> = {
  vertical: ['DATABASE_URL', 'REDIS_URL', 'SECRET_KEY', 'MANAGEMENT_API_KEY', 'ENCRYPTION_KEY'],
  'outbox-relay': ['DATABASE_URL', 'REDIS_URL'],
  'engines-worker': ['DATABASE_URL', 'REDIS_URL'],
  basecommerce: ['DATABASE_URL', 'REDIS_URL'],
  migrate: ['DATABASE_URL'],
};

const METRICS_PORTS: Readonly<Record<ProcessName, number>> = {
  vertical: 9_100,
  'engines-worker': 9_101,
  'outbox-relay': 9_102,
  basecommerce: 0,
  migrate: 0,
};

/** Longer than a gateway needs to notice the failing readiness; zero in development. */
const DRAIN_SECONDS = 3;

/** The shortest password of a data store in production. */
const SHORTEST_PASSWORD = 16;

export class SettingsError extends Error {}

/** Throws a SettingsError whose message lists every bad variable, one per line. Values never appear in it. */
export function readSettings(process: ProcessName, environment: Record<string, string | undefined>): Settings {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const isNeeded = (name: string) => (NEEDS[process] as readonly string[]).includes(name);
  const unneeded = ['REDIS_URL', 'SECRET_KEY', 'MANAGEMENT_API_KEY', 'ENCRYPTION_KEY'].filter(
    (name) => !isNeeded(name) && !(name in given),
  );
  const result = schema
    .partial(Object.fromEntries(unneeded.map((name) => [name, true])) as { SECRET_KEY: true })
    .safeParse(given);
  if (!result.success) {
    throw new SettingsError([...new Set(result.error.issues.map((issue) => line(issue)))].join('\n'));
  }
  const values = result.data as z.output<typeof schema>;
  const isProduction = values.NODE_ENV === 'production';
  refuseUnsafeProduction(values, isProduction);
  refuseSenderlessMail(values);
  return {
    ...values,
    TENANT_SOURCE: values.TENANT_SOURCE ?? (isProduction ? 'header' : 'host'),
    METRICS_PORT: values.METRICS_PORT ?? METRICS_PORTS[process],
    DRAIN_SECONDS: values.DRAIN_SECONDS ?? (isProduction ? DRAIN_SECONDS : 0),
    isProduction,
    managementActor: 'operator:management-key',
  };
}

function refuseUnsafeProduction(values: z.output<typeof schema>, isProduction: boolean): void {
  if (!isProduction) return;
  if (values.CORS_ORIGINS.includes('*')) {
    throw new SettingsError(
      'CORS_ORIGINS must name its origins in production; * lets any site use a signed-in browser',
    );
  }
  refuseWeakPassword('DATABASE_URL', values.DATABASE_URL);
  refuseWeakPassword('REDIS_URL', values.REDIS_URL);
}

/**
 * An address without a password uses another way to sign in (a socket, a certificate); a guessable password is no
 * protection.
 */
function refuseWeakPassword(name: string, address: string | undefined): void {
  if (address === undefined) return;
  const { username, password } = new URL(address);
  if (password === '') return;
  if (PLACEHOLDERS.test(password) || password === username || password.length < SHORTEST_PASSWORD) {
    throw new SettingsError(
      `${name} carries a development password; production needs ${SHORTEST_PASSWORD} characters or more: openssl rand -hex 24`,
    );
  }
}

function refuseSenderlessMail({ SMTP_URL: url, MAIL_FROM: from }: z.output<typeof schema>): void {
  if (url !== undefined && from === undefined)
    throw new SettingsError('MAIL_FROM is required with SMTP_URL; receivers want to know who writes');
}

function line(issue: z.core.$ZodIssue): string {
  const name = String(issue.path[0] ?? '');
  return issue.message.startsWith(name) ? issue.message : `${name}: ${issue.message}`;
}
