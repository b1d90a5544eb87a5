/**
 * Checks the compose files without an engine: only the gateway is public, secrets have no default values, no service
 * runs with unnecessary rights or without a limit, and no pass starts by itself.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

const read = (file) => parse(readFileSync(file, 'utf8'), { merge: true, maxAliasCount: 1_000 });
const production = read('docker-compose.yml');
/** The named file with the files that it includes. */
const files = ['docker-compose.yml', ...production.include.map((included) => included.path)];
const services = files.flatMap((file) => Object.entries(read(file).services));
const development = Object.entries(read('docker-compose.dev.yml').services);
const OURS = ['postgres', 'redis', 'migrate', 'vertical', 'relay', 'worker', 'nginx'];

it('contains everything for one machine', () => {
  const unprofiled = services.filter(([, { profiles }]) => !profiles).map(([name]) => name);
  expect(unprofiled.sort()).toEqual([...OURS].sort());
});

it('publishes the gateway to the network, and everything else to this machine only', () => {
  const open = [...services, ...development].flatMap(([name, { ports = [] }]) =>
    ports.filter((port) => !String(port).startsWith('127.0.0.1:')).map((port) => [name, port]),
  );
  expect(open).toEqual([
    ['nginx', '${HTTP_PORT:-80}:80'],
    ['nginx', '${HTTPS_PORT:-443}:443'],
  ]);
});

it('gives no secret a default: a missing one stops everything', () => {
  const text = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  const secrets = [...text.matchAll(/\$\{(\w*(?:PASSWORD|SECRET|_KEY)\w*)(:?[^}]*)\}/g)];
  expect(secrets.length).toBeGreaterThan(5);
  // An archive in a bucket needs a key; a local one has none.
  for (const [, name, rule] of secrets)
    expect([name, rule]).toEqual([name, name.startsWith('BACKUP_S3_') ? ':-' : expect.stringMatching(/^:\?/)]);
  // No secret is written in the file either.
  for (const [name, { environment = {} }] of services)
    for (const [variable, value] of Object.entries(environment))
      if (/(PASSWORD|SECRET|_KEY|_PASS)$/.test(variable))
        expect([name, variable, value]).toEqual([name, variable, expect.stringMatching(/^\$\{/)]);
});

describe.each(services)('%s', (name, service) => {
  it('has limits, and logs that do not fill the disk', () => {
    expect(service).toMatchObject({ mem_limit: expect.any(String), pids_limit: expect.any(Number) });
    expect(service.logging.options).toEqual({ 'max-size': expect.any(String), 'max-file': expect.any(String) });
    expect(service.restart).toBe(service.profiles?.includes('jobs') || name === 'migrate' ? 'no' : 'unless-stopped');
  });

  it('has only the rights that it names, and never the engine’s socket', () => {
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service).not.toHaveProperty('privileged');
    expect(service).not.toHaveProperty('network_mode');
    expect(JSON.stringify(service.volumes ?? [])).not.toContain('docker.sock');
    if (OURS.includes(name)) {
      expect(service.read_only).toBe(true);
      expect(service.security_opt).toEqual(['no-new-privileges:true']);
    }
  });

  it('uses existing files of the project', () => {
    const files = (service.volumes ?? [])
      .map((volume) => volume.split(':')[0])
      .filter((source) => source.startsWith('./'));
    for (const file of files) expect([file, existsSync(file)]).toEqual([file, true]);
    if (service.build)
      expect(existsSync(path.join(service.build.context, service.build.dockerfile ?? 'Dockerfile'))).toBe(true);
  });
});

it('starts no pass and no command by itself', () => {
  const jobs = services.filter(([, { profiles }]) => profiles?.includes('jobs')).map(([name]) => name);
  expect(jobs).toEqual(expect.arrayContaining(['billing', 'stock', 'sales', 'engines', 'basecommerce']));
  for (const [, { depends_on = {} }] of services)
    for (const job of jobs) expect(Object.keys(depends_on)).not.toContain(job);
});

it('keeps PostgreSQL and Redis on a network with their clients only', () => {
  expect(production.networks.data).toEqual({ internal: true });
  for (const [name, { networks }] of services.filter(([name]) => name === 'nginx'))
    expect([name, networks]).toEqual([name, ['front']]);
});

it('gives a process the time that it needs to complete requests in progress', () => {
  const longest =
    Number(
      /requestTimeout: ([\d_]+)/.exec(readFileSync('libs/platform/http/server.ts', 'utf8'))?.[1]?.replace('_', ''),
    ) / 1_000;
  expect(Number.parseInt(production.services.vertical.stop_grace_period, 10)).toBeGreaterThan(longest);
});
