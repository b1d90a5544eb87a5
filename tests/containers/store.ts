/** A store on a running system, and its six calls from a product to a delivered order. */
import { DOMAIN, type ComposeProject } from './compose-project.js';

const HOST = `acme.${DOMAIN}`;
const EMAIL = 'owner@acme.test';

export class Store {
  private token = '';

  constructor(
    private readonly project: ComposeProject,
    private readonly password: string,
  ) {}

  /** Makes a store as the operator does. The command generates the password and prints it once. */
  static async open(project: ComposeProject): Promise<Store> {
    const person = ['--owner-name', 'Ana', '--owner-email', EMAIL];
    const words = ['tenants', 'create', '--slug', 'acme', '--legal-name', 'Acme Ltda', ...person, '--json'];
    const made = JSON.parse(await project.do('run', '--rm', '--no-deps', '-T', 'basecommerce', ...words)) as {
      owner: { password: string };
    };
    const store = new Store(project, made.owner.password);
    await store.signIn();
    return store;
  }

  async signIn(): Promise<void> {
    const answer = await this.project.call('POST', HOST, '/api/v1/auth/login', {
      email: EMAIL,
      password: this.password,
    });
    if (answer.status !== 200) throw new Error(`sign-in answered ${answer.status} ${JSON.stringify(answer.body)}`);
    this.token = (answer.body as { access_token: string }).access_token;
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- bodies are asserted on, not typed
  async call(method: string, url: string, body?: object): Promise<any> {
    const answer = await this.project.call(method, HOST, `/api/v1${url}`, body, this.token);
    if (answer.status >= 400)
      throw new Error(`${method} ${url} answered ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as unknown;
  }

  async stock(code: string, quantity: string): Promise<string> {
    const product = await this.call('POST', '/products', {
      code,
      name: `Cimento ${code}`,
      unit: 'H87',
      price: '32.00',
    });
    await this.call('POST', '/stock/movements', { product_id: product.id, kind: 'receive', quantity });
    return product.id as string;
  }

  async sell(product_id: string, quantity: string): Promise<void> {
    const customer = await this.call('POST', '/customers', { kind: 'company', name: 'Construtora Horizonte' });
    const quote = await this.call('POST', '/quotes', { customer_id: customer.id, lines: [{ product_id, quantity }] });
    await this.call('POST', `/quotes/${quote.id}/send`);
    await this.call('POST', `/quotes/${quote.id}/accept`, { accepted_by: 'Marina Duarte' });
    const { order_id } = await this.call('POST', `/quotes/${quote.id}/convert`);
    for (const status of ['preparing', 'out_for_delivery', 'delivered'])
      await this.call('POST', `/orders/${order_id}/status`, { status });
  }

  async insights(): Promise<{ why: string; subject: unknown }[]> {
    return (await this.call('GET', '/insights?engine=stock')).data as { why: string; subject: unknown }[];
  }
}
