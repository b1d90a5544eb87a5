/**
 * How `render` turns settings into a configuration: for each version of Nginx, with invalid values, over an old
 * configuration.
 */
import { appendFileSync, chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { waitUntil } from '#testing/waiting';
import { copyOfGateway, Gateway, GATEWAY_FOLDER, ran, wait } from './gateway.js';

const HOST = 'acme.shop.test';
let gateway: Gateway;

beforeAll(async () => {
  gateway = await Gateway.start();
});
afterAll(() => gateway.stop());

/** render again, with these values changed. */
const render = (values: Readonly<Record<string, string>>, ...args: string[]) =>
  ran(path.join(GATEWAY_FOLDER, 'render'), [...args, '--main', gateway.main], { ...gateway.environment, ...values });
const made = (name: string) => readFileSync(path.join(gateway.folder, 'state', name), 'utf8');

describe('render', () => {
  it.each<[string, string, RegExp]>([
    ['BASE_DOMAIN', 'Shop.test', /^render: BASE_DOMAIN must be a host name in small letters, not Shop\.test$/],
    ['BASE_DOMAIN', 'shop.test; evil on', /BASE_DOMAIN must be a host name/],
    ['BASE_DOMAIN', '-shop.test', /BASE_DOMAIN must be a host name/],
    ['VERTICAL', 'localhost', /VERTICAL must be host:port/],
    ['GATEWAY_TENANT_RATE', '200', /GATEWAY_TENANT_RATE must be a rate such as/],
    ['GATEWAY_TENANT_BURST', '0', /GATEWAY_TENANT_BURST must be a whole number above 0/],
    ['GATEWAY_BODY_SIZE', '1', /GATEWAY_BODY_SIZE must be a size/],
    ['GATEWAY_BODY_TIMEOUT', 'soon', /GATEWAY_BODY_TIMEOUT must be a time/],
    ['GATEWAY_HSTS', 'max-age=1"; evil', /GATEWAY_HSTS must look like/],
    ['GATEWAY_TRUSTED', '10.0.0.0/8;', /GATEWAY_TRUSTED must be addresses/],
    ['GATEWAY_TRUSTED', '10.0.0.1 0.0.0.0/0', /GATEWAY_TRUSTED names everybody/],
    ['GATEWAY_CONSOLE_ALLOW', 'office', /GATEWAY_CONSOLE_ALLOW must be addresses/],
    ['GATEWAY_LOG', '/x}', /GATEWAY_LOG has characters/],
  ])('refuses %s=%s in one line, and touches nothing', async (name, value, complaint) => {
    const before = made('site.conf');
    const { code, stderr } = await render({ [name]: value });
    expect([code, stderr.trim()]).toEqual([64, expect.stringMatching(complaint)]);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(made('site.conf')).toBe(before);
  });

  it('requires a domain, reads it from an env file, and ignores the application’s settings', async () => {
    const file = path.join(gateway.folder, 'basecommerce.env');
    writeFileSync(
      file,
      'SECRET_KEY=do-not-take-me\nPATH=/nowhere\nBASE_DOMAIN=from-file.test\nGATEWAY_TENANT_BURST=77\n',
    );
    const { BASE_DOMAIN: _, ...without } = gateway.environment;
    const bare = (...args: string[]) =>
      ran(path.join(GATEWAY_FOLDER, 'render'), [...args, '--main', gateway.main], without);
    expect(await bare('--env', '/dev/null')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('BASE_DOMAIN is required'),
    });
    expect(await bare('--env', file)).toMatchObject({ code: 0 });
    expect(made('site.conf')).toContain('console.from-file.test');
    expect(made('site.conf')).toContain('zone=tenant burst=77');
    expect(made('site.conf') + made('nginx.conf')).not.toContain('do-not-take-me');
    // The environment goes before the file.
    expect((await render({}, '--env', file)).code).toBe(0);
    expect(made('site.conf')).toContain('console.shop.test');
    expect(await bare('--env', '/nowhere/at-all')).toMatchObject({ code: 64 });
  });

  it('changes nothing in a dry run, and prints what it would do', async () => {
    const before = made('site.conf');
    const { code, stderr } = await render({ BASE_DOMAIN: 'other.test' }, '--dry-run', '--reload');
    expect(code).toBe(0);
    expect(stderr).toMatch(/render will:\n {2}1\. make .*other\.test(.*\n)*.*reload Nginx\nThis is a dry run/);
    expect(made('site.conf')).toBe(before);
  });

  it('has help, and refuses options that do not exist', async () => {
    for (const script of ['render', 'renew-hook', 'certificate', 'start']) {
      const file = path.join(GATEWAY_FOLDER, script);
      expect(await ran(file, ['--help'], gateway.environment)).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^Usage: /),
      });
      expect(await ran(file, ['--nonsense'], gateway.environment)).toMatchObject({
        code: 64,
        stderr: expect.stringMatching(/^\S+: there is no option --nonsense.*\n$/),
      });
    }
  });

  it.each([
    ['1.22.1', 'listen 127.0.0.1:443 ssl http2;\n', undefined],
    ['1.25.0', 'listen 127.0.0.1:443 ssl http2;\n', undefined],
    ['1.25.1', 'listen 127.0.0.1:443 ssl;\n', 'http2 on;'],
    ['1.26.3', 'listen 127.0.0.1:443 ssl;\n', 'http2 on;'],
    ['1.28.0', 'listen 127.0.0.1:443 ssl;\n', 'http2 on;'],
    ['1.100.0', 'listen 127.0.0.1:443 ssl;\n', 'http2 on;'],
  ])('speaks HTTP/2 in the words of Nginx %s', async (version, line, directive) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'gateway-version-'));
    try {
      const nginx = path.join(folder, 'nginx');
      writeFileSync(nginx, `#!/bin/sh\necho "nginx version: nginx/${version}" >&2\n`);
      chmodSync(nginx, 0o755);
      const state = path.join(folder, 'state');
      const { code } = await ran(path.join(GATEWAY_FOLDER, 'render'), ['--main', path.join(folder, 'nginx.conf')], {
        ...gateway.environment,
        GATEWAY_NGINX: nginx,
        GATEWAY_STATE: state,
        GATEWAY_HTTPS: '127.0.0.1:443',
      });
      expect(code).toBe(0);
      const text = readFileSync(path.join(state, 'listen-tls.conf'), 'utf8');
      expect(text).toContain(line);
      expect(text.includes('http2 on;')).toBe(directive !== undefined);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('keeps the old configuration when Nginx refuses the new one, and names the reason', async () => {
    const copy = copyOfGateway(gateway.folder);
    appendFileSync(path.join(copy, 'templates/basecommerce.conf.template'), '\nnonsense on;\n');
    const before = made('site.conf');
    const { code, stderr } = await ran(path.join(copy, 'render'), ['--main', gateway.main], gateway.environment);
    expect(code).toBe(1);
    expect(stderr).toMatch(/Nginx refuses the new configuration, the old one stays: .*unknown directive "nonsense"/);
    expect(made('site.conf')).toBe(before);
    expect(existsSync(path.join(gateway.folder, 'state/next'))).toBe(false);
  });

  it('keeps the upstream that a deploy has written, and a reload loses no request', async () => {
    const line = await ran(
      path.join(GATEWAY_FOLDER, 'render'),
      ['--upstream', gateway.upstream.address],
      gateway.environment,
    );
    expect(line.stdout).toMatch(
      /^upstream vertical \{\n {2}zone vertical 64k;\n {2}server 127\.0\.0\.1:\d+;\n {2}keepalive 64;/,
    );
    writeFileSync(path.join(gateway.folder, 'state/upstream.conf'), line.stdout);
    let isRunning = true;
    const statuses: number[] = [];
    const load = Promise.all(
      [1, 2, 3, 4].map(async () => {
        // Paced, so that the limit per address is never reached.
        for (; isRunning; await wait(60)) statuses.push((await gateway.ask(HOST, '/api/v1/products')).status);
      }),
    );
    try {
      for (let round = 0; round < 3; round++) {
        expect(await render({ VERTICAL: '127.0.0.1:1', GATEWAY_ADDRESS_RATE: '9999r/s' }, '--reload')).toMatchObject({
          code: 0,
        });
        const answered = statuses.length + 4;
        await waitUntil('requests are answered after the reload', () => statuses.length >= answered);
      }
    } finally {
      isRunning = false;
    }
    await load;
    expect(made('upstream.conf')).toBe(line.stdout);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(statuses.length).toBeGreaterThan(10);
  });

  it('writes an upstream of several servers that share the requests', async () => {
    const { stdout } = await ran(
      path.join(GATEWAY_FOLDER, 'render'),
      ['--upstream', '10.0.0.5:8000', '[fd00::6]:8000'],
      gateway.environment,
    );
    expect(stdout).toContain(
      '  server 10.0.0.5:8000 max_fails=2 fail_timeout=2s;\n  server [fd00::6]:8000 max_fails=2 fail_timeout=2s;',
    );
    expect(await ran(path.join(GATEWAY_FOLDER, 'render'), ['--upstream', 'a;b'], gateway.environment)).toMatchObject({
      code: 64,
    });
  });
});
