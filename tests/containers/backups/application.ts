/** The application on a database droplet, with the names of its containers: active stores, the relay and the worker. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { join } from 'node:path';
import { docker, type Ran } from '../docker.js';
import { becomes, publishedPort } from '../image-stage.js';
import { buildImage, IMAGES } from '../images.js';
import { eventually } from '../waiting.js';
import { type DatabaseDroplet, startDatabaseDroplet } from './system.js';

export const PARTS = ['vertical-blue', 'relay', 'worker'] as const;
const DOMAIN = 'shop.test';
const CONSTRUCTION = process.env['CONSTRUCTION_IMAGE'] ?? IMAGES.construction;
const ENGINES = process.env['ENGINES_IMAGE'] ?? IMAGES.engines;
const CONFINED = ['--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];

export class Application {
  private port = 0;

  private constructor(
    readonly droplet: DatabaseDroplet,
    private readonly settings: string,
    /** Secrets that must never appear in a list of processes or in the output of a command. */
    readonly secrets: readonly string[],
  ) {}

  static async start(): Promise<Application> {
    // A pipeline that has already built the images names them, as for droplets.
    for (const image of ['construction', 'engines'] as const)
      if (!process.env[`${image.toUpperCase()}_IMAGE`]) await buildImage(image);
    const droplet = await startDatabaseDroplet({ schema: false });
    try {
      const folder = join(droplet.root, 'etc/basecommerce');
      const database = /POSTGRES_PASSWORD=(.*)/.exec(await readFile(join(folder, 'postgres.env'), 'utf8'))![1]!;
      const secrets = [database, ...Array.from({ length: 4 }, () => randomBytes(36).toString('base64url'))];
      const [, redis, key, management, encryption] = secrets;
      await writeFile(join(folder, 'redis.env'), `REDIS_PASSWORD=${redis}\n`, { mode: 0o600 });
      const settings = join(folder, 'basecommerce.env');
      const lines = [
        `DATABASE_URL=postgres://postgres:${database}@${droplet.prefix}-postgres:5432/basecommerce`,
        `REDIS_URL=redis://:${redis}@${droplet.prefix}-redis:6379`,
        `SECRET_KEY=${key}`,
        `MANAGEMENT_API_KEY=${management}`,
        `ENCRYPTION_KEY=${encryption}`,
        `BASE_DOMAIN=${DOMAIN}`,
        'RATE_LIMIT_PER_MINUTE=60000',
      ];
      await writeFile(settings, `${lines.join('\n')}\n`, { mode: 0o600 });
      const application = new Application(droplet, settings, secrets);
      await droplet.done('start', ['redis']);
      await application.begin();
      return application;
    } catch (error) {
      await droplet.remove();
      throw error;
    }
  }

  private async begin(): Promise<void> {
    await this.once('migrate');
    await this.launch('vertical-blue', ['--publish', '127.0.0.1:0:8000', CONSTRUCTION]);
    await this.launch('relay', [ENGINES, 'outbox-relay']);
    await this.launch('worker', [ENGINES]);
    await this.reconnect();
  }

  /** Reads the new ports after the containers were started again. */
  async reconnect(): Promise<void> {
    for (const part of PARTS) await becomes(`${this.droplet.prefix}-${part}`, 'healthy');
    this.port = await publishedPort(`${this.droplet.prefix}-vertical-blue`, 8_000);
  }

  private async launch(part: string, words: readonly string[]): Promise<void> {
    const { prefix } = this.droplet;
    const options = ['--name', `${prefix}-${part}`, '--network', prefix, '--env-file', this.settings, ...CONFINED];
    await docker('run', '--detach', ...options, ...words);
  }

  /** Runs a command of the release to its end; throws with its error output. */
  async once(...words: string[]): Promise<string> {
    const options = ['--rm', '--network', this.droplet.prefix, '--env-file', this.settings, ...CONFINED];
    return docker('run', ...options, CONSTRUCTION, ...words);
  }

  /** `recover-tenant …` with the image of the vertical that runs, as on a droplet. */
  recover(...words: string[]): Promise<Ran> {
    return this.droplet.script('recover-tenant', words, { BASECOMMERCE_IMAGE: '' });
  }

  async open(slug: string): Promise<Shop> {
    const person = ['--owner-name', 'Ana', '--owner-email', `owner@${slug}.test`];
    const words = ['tenants', 'create', '--slug', slug, '--legal-name', `${slug} Ltda`, ...person, '--json'];
    const made = JSON.parse(await this.once('basecommerce', ...words)) as { id: string; owner: { password: string } };
    const shop = new Shop(this, slug, made.owner.password);
    const status = await shop.signIn();
    if (status !== 200) throw new Error(`the sign-in at ${slug} answered ${status}`);
    return shop;
  }

  /** A request as the gateway passes it on. */
  request(method: string, slug: string, path: string, body?: object, token?: string): Promise<Answer> {
    const text = body && JSON.stringify(body);
    const headers = {
      host: `${slug}.${DOMAIN}`,
      'x-tenant-slug': slug,
      ...(text && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
      ...(token && { authorization: `Bearer ${token}` }),
    };
    return new Promise((resolve, reject) => {
      const address = { host: '127.0.0.1', port: this.port, method, path, headers, agent: false as const };
      const asked = http.request(address, (response) => {
        let said = '';
        response.on('data', (chunk) => (said += String(chunk)));
        response.once('end', () =>
          resolve({ status: response.statusCode!, body: said && (JSON.parse(said) as object) }),
        );
      });
      asked.once('error', reject);
      asked.end(text);
    });
  }

  /** Waits until every event of these aggregates has reached its engine and nothing changes any more. */
  async settled(): Promise<void> {
    const open = `select (select count(*) from outbox_events o join (${SUBSCRIBERS}) h (engine, aggregate) using (aggregate)
                           where not exists (select from inbox_events i where i.tenant_id = o.tenant_id and i.engine = h.engine and i.event_id = o.id))
                      || ' ' || (select count(*) from deferred_events) || ' ' || (select count(*) from failed_events)`;
    await eventually(
      () => this.droplet.sql(open),
      (answer) => answer === '0 0 0',
      90,
    );
    let before = '';
    const everything = async () => {
      const last = before;
      before = JSON.stringify(await this.holdings());
      return before === last;
    };
    await eventually(everything, Boolean, 60);
  }

  /** Store → table → the exact content. */
  async holdings(): Promise<Record<string, Record<string, string>>> {
    const text = await this.droplet.sql(`
      select coalesce(jsonb_object_agg(slug, tables), '{}') from (
        select t.slug, jsonb_object_agg(c.relname, md5(query_to_xml(format(
                 'select r::text from public.%I r where r.%I = %L order by r::text collate "C"',
                 c.relname, case c.relname when 'tenants' then 'id' else 'tenant_id' end, t.id), true, false, '')::text)) as tables
          from tenants t, pg_class c
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
           and (c.relname = 'tenants' or exists (select from pg_attribute where attrelid = c.oid and attname = 'tenant_id' and not attisdropped))
         group by t.slug) each`);
    return JSON.parse(text) as Record<string, Record<string, string>>;
  }
}

/** Each engine with the aggregates that it consumes. */
const SUBSCRIBERS = `values ('stock', 'product'), ('stock', 'stock'), ('stock', 'order'), ('sales', 'quote'), ('sales', 'order'), ('sales', 'product'), ('billing', 'order')`;

export interface Answer {
  status: number;
  body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- bodies are asserted on, not typed
}

/** The work of a store's people. */
export class Shop {
  private token = '';

  constructor(
    private readonly application: Application,
    readonly slug: string,
    private readonly password: string,
  ) {}

  async signIn(): Promise<number> {
    const person = { email: `owner@${this.slug}.test`, password: this.password };
    const { status, body } = await this.try('POST', '/auth/login', person);
    this.token = (body as { access_token?: string }).access_token ?? '';
    return status;
  }

  try(method: string, path: string, body?: object): Promise<Answer> {
    return this.application.request(method, this.slug, `/api/v1${path}`, body, this.token);
  }

  async call(method: string, path: string, body?: object): Promise<Answer['body']> {
    const answer = await this.try(method, path, body);
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as unknown;
  }

  async product(code: string): Promise<string> {
    const { id } = await this.call('POST', '/products', { code, name: `Cimento ${code}`, unit: 'H87', price: '32.00' });
    await this.call('POST', '/stock/movements', { product_id: id, kind: 'receive', quantity: '100' });
    return id as string;
  }

  /** From the quote to the delivery; the order's number. */
  async sell(product_id: string, quantity: string): Promise<string> {
    const customer = await this.call('POST', '/customers', { kind: 'company', name: 'Construtora Horizonte' });
    const quote = await this.call('POST', '/quotes', { customer_id: customer.id, lines: [{ product_id, quantity }] });
    await this.call('POST', `/quotes/${quote.id}/send`);
    await this.call('POST', `/quotes/${quote.id}/accept`, { accepted_by: 'Marina Duarte' });
    const { order_id, number } = await this.call('POST', `/quotes/${quote.id}/convert`);
    for (const status of ['preparing', 'out_for_delivery', 'delivered'])
      await this.call('POST', `/orders/${order_id}/status`, { status });
    return number as string;
  }
}
