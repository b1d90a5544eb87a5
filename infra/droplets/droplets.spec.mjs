/** The droplets' scripts without a Docker engine: their output, their refusals, and that a dry run changes nothing. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { hasApt, libraryPath, unpackedPackages } from '../../tools/launch/debian.mjs';
import { output } from '../../tools/launch/processes.mjs';
import { Refusal } from '../../tools/launch/say.mjs';
import { objectionsTo } from './lib/preflight.mjs';

const here = path.resolve('infra/droplets');
const USAGE = 64;
const BUSY = 75;
const READERS = ['status', 'releases', 'cron'];
/** The arguments that each needs for a dry run. */
const WORDS = {
  deploy: ['--image', 'a@sha256:1', '--engines-image', 'b@sha256:2'],
  'new-store': ['--slug', 'acme', '--owner-email', 'ana@acme.test'],
};
const inFolder = (folder) => readdirSync(path.join(here, folder)).map((name) => path.join(here, folder, name));
const scripts = inFolder('host').filter((file) => readFileSync(file, 'utf8').startsWith('#!'));
const own = scripts.filter((file) => !/\/(backup|backup-verify|restore|recover-tenant)$/.test(file));

let root;
let tools;

beforeAll(() => (tools = toolsPath()), 120_000);

beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'droplet-'));
  for (const folder of ['etc/basecommerce', 'var/lib/basecommerce/metrics', 'bin'])
    mkdirSync(path.join(root, folder), { recursive: true });
});

afterEach(() => rmSync(root, { recursive: true }));

/**
 * Runs a script with its droplet moved to a scratch folder. `traps` are programs that only record their calls. @param
 * {string} file @param {string[]} words @param {{ traps?: string[], env?: Record<string, string> }} [options]
 */
function run(file, words, { traps = [], env = {} } = {}) {
  for (const name of traps) {
    writeFileSync(path.join(root, 'bin', name), `#!/bin/sh\necho "${name} $*" >> ${root}/called\nexit 97\n`);
    chmodSync(path.join(root, 'bin', name), 0o755);
  }
  const ran = spawnSync(file, words, {
    encoding: 'utf8',
    env: {
      ...process.env,
      BASECOMMERCE_ROOT: root,
      PATH: `${root}/bin:${process.env.PATH}:${tools.path}`,
      ...(tools.libraries ? { LD_LIBRARY_PATH: tools.libraries } : {}),
      ...env,
    },
    timeout: 20_000,
  });
  return { code: ran.status, stdout: ran.stdout, stderr: ran.stderr };
}

const host = (name) => path.join(here, 'host', name);
const written = (file, text) => writeFileSync(path.join(root, file), text);
const called = () => (existsSync(path.join(root, 'called')) ? readFileSync(path.join(root, 'called'), 'utf8') : '');
const tree = () =>
  spawnSync('find', [root, '-type', 'f', '-printf', '%p %s\n'], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((line) => !line.includes('/bin/'))
    .sort();

describe('every script', () => {
  it.each(scripts)('%s can be read by bash and executed', (file) => {
    expect(spawnSync('bash', ['-n', file], { encoding: 'utf8' }).stderr).toBe('');
    expect(spawnSync('test', ['-x', file]).status).toBe(0);
  });

  it('passes shellcheck', () => {
    const files = [
      path.join(here, 'droplet'),
      path.join(here, 'lib/docker-user-chain'),
      ...scripts,
      ...inFolder('lib').filter((file) => file.endsWith('.sh')),
    ];
    const { stdout, status } = spawnSync(
      tools.shellcheck,
      ['--external-sources', '--source-path=SCRIPTDIR', '--shell=bash', '--format=gcc', ...files],
      { encoding: 'utf8', cwd: here },
    );
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });

  it.each(own)('%s --help prints its options', (file) => {
    const { code, stdout } = run(file, ['--help']);
    expect(code).toBe(0);
    expect(stdout).toContain(path.basename(file));
    expect(stdout).toContain('--dry-run');
  });

  it.each(own.filter((file) => !/\/(basecommerce|run|job)$/.test(file)))('%s refuses an unknown option', (file) => {
    const { code, stderr } = run(file, ['--nonsense', 'x']);
    expect(code).toBe(USAGE);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it.each(own.filter((file) => !READERS.includes(path.basename(file)) && path.basename(file) !== 'rollback'))(
    '%s --dry-run prints its plan, and changes nothing',
    (file) => {
      const name = path.basename(file);
      const before = tree();
      const words =
        name === 'job'
          ? ['--dry-run', 'stock', '--', 'true']
          : ['basecommerce', 'run'].includes(name)
            ? ['--dry-run', 'x']
            : [...(WORDS[name] ?? []), '--dry-run'];
      const { code, stderr } = run(file, words, {
        traps: ['docker', 'nginx', 'systemctl', 'apt-get', 'ufw', 'useradd', 'ssh', 'curl', 'tar', 'logger'],
      });
      expect(stderr).toMatch(/ 1\. /);
      expect(code).toBe(0);
      expect(called()).toBe('');
      expect(tree()).toEqual(before);
    },
  );
});

describe('droplet', () => {
  const droplet = path.join(here, 'droplet');

  it('lists its commands, and each exists or is reported as missing', () => {
    const { stdout } = run(droplet, ['--help']);
    const listed = [...stdout.matchAll(/^ {2}([a-z-]+) {2,}\S|^ {2}(recover-tenant|backup-verify) \S/gm)].map(
      (match) => match[1] ?? match[2],
    );
    for (const file of own)
      if (!['install', 'job'].includes(path.basename(file))) expect(listed).toContain(path.basename(file));
    for (const command of listed) expect(run(droplet, [command, 'nowhere']).code).not.toBe(0);
  });

  it.each([
    [['deploy', 'nowhere'], /there is no environment 'nowhere'; there are example/],
    [['deploy'], /which environment\? There are example/],
    [['deploy', '../example'], /there is no environment/],
    [['explode', 'example'], /there is no command 'explode'; there are bootstrap install/],
  ])('%j is wrong usage, and names what there is', (words, reason) => {
    const { code, stderr } = run(droplet, words, { traps: ['ssh'] });
    expect(stderr).toMatch(reason);
    expect(code).toBe(USAGE);
    expect(called()).toBe('');
  });

  it('passes every argument unchanged', () => {
    writeFileSync(
      path.join(root, 'bin/ssh'),
      '#!/bin/sh\nfor word; do line=$word; done\nshift $(($# - 1))\nprintf "%s" "$line"\n',
      { mode: 0o755 },
    );
    const typed = ['tenants', 'create', '--legal-name', `Ana's; rm -rf "$HOME" & Filhos`];
    const { stdout } = run(droplet, ['basecommerce', 'example', ...typed]);
    const arrived = spawnSync('bash', ['-c', `sudo() { printf '%s\\n' "$@"; }; ${stdout}`], {
      encoding: 'utf8',
    }).stdout;
    expect(arrived.trimEnd().split('\n')).toEqual(['/opt/basecommerce/bin/basecommerce', ...typed]);
  });

  it('reports a droplet that cannot be reached', () => {
    writeFileSync(path.join(root, 'bin/ssh'), '#!/bin/sh\nexit 255\n', { mode: 0o755 });
    const { code, stderr } = run(droplet, ['status', 'example']);
    expect(stderr).toMatch(/203\.0\.113\.10 cannot be reached/);
    expect(code).toBe(69);
  });

  it('sends no secret, and every file that an installation needs', () => {
    writeFileSync(path.join(root, 'bin/ssh'), `#!/bin/sh\ncat > ${root}/archive.tgz\n`, { mode: 0o755 });
    cpSync(path.join(here, 'environments/example.env'), path.join(root, 'etc/production.env'));
    writeFileSync(
      path.join(root, 'etc/production.env'),
      `${readFileSync(path.join(root, 'etc/production.env'), 'utf8')}DEPLOY_KEYS=${root}/key.pub\n`.replace(
        'DEPLOY_KEYS=~',
        'WAS=~',
      ),
    );
    written('key.pub', 'ssh-ed25519 AAAA ana\n');
    const { code } = run(droplet, ['install', 'production'], {
      env: { BASECOMMERCE_ENVIRONMENTS: path.join(root, 'etc') },
    });
    expect(code).toBe(0);
    const names = spawnSync('tar', ['-tzf', path.join(root, 'archive.tgz')], { encoding: 'utf8' }).stdout.split('\n');
    for (const name of [
      './bin/deploy',
      './lib/say.sh',
      './crontab',
      './droplet.conf',
      './deploy.keys',
      './nginx/render',
    ])
      expect(names).toContain(name);
    expect(names.filter((name) => /basecommerce\.env|terraform|environments/.test(name))).toEqual([]);
    const settings = spawnSync('tar', ['-xzOf', path.join(root, 'archive.tgz'), './droplet.conf'], {
      encoding: 'utf8',
    }).stdout;
    expect(settings).toContain('ENVIRONMENT_NAME=production\n');
  });
});

describe('rollback', () => {
  const serving = (release, kind = 'deploy', from = '') =>
    JSON.stringify({
      at: '2026-01-01T00:00:00Z',
      event: 'serving',
      release,
      kind,
      from,
      version: `v-${release}`,
      construction: 'c',
      engines: 'e',
    });
  const goesTo = (...lines) => {
    written('var/lib/basecommerce/releases.jsonl', `${lines.join('\n')}\n`);
    return run(host('rollback'), ['--dry-run']);
  };

  it.each([
    ['the one before', [serving('a'), serving('b')], 'v-a'],
    [
      'not the one that was left already',
      [serving('a'), serving('b'), serving('a', 'rollback', 'b'), serving('c')],
      'v-a',
    ],
    ['further back each time', [serving('a'), serving('b'), serving('c'), serving('b', 'rollback', 'c')], 'v-a'],
    ['past a line that was cut off', [serving('a'), '{"at":"2026', serving('b')], 'v-a'],
    [
      'past tries that failed',
      [serving('a'), JSON.stringify({ event: 'failed', release: 'x', reason: 'no' }), serving('b')],
      'v-a',
    ],
  ])('goes to %s', (_, lines, version) => {
    const { code, stderr } = goesTo(...lines);
    expect(stderr).toContain(`start ${version} (`);
    expect(code).toBe(0);
  });

  it('reports that there is no earlier release, and lists the releases', () => {
    const { code, stderr } = goesTo(serving('a'), serving('b'), serving('a', 'rollback', 'b'));
    expect(stderr).toMatch(/there is no release before this one/);
    expect(stderr).toContain('serving now: v-a (a)');
    expect(code).toBe(USAGE);
  });
});

describe('job', () => {
  const figures = (name) =>
    Object.fromEntries(
      [
        ...readFileSync(path.join(root, `var/lib/basecommerce/metrics/job_${name}.prom`), 'utf8').matchAll(
          /^basecommerce_job_(\w+)\{job="[a-z-]+"\} (\d+)$/gm,
        ),
      ].map(([, name_, value]) => [name_, Number(value)]),
    );
  const traps = ['logger'];

  it('writes its result for alerts, and keeps the last success when it fails', () => {
    expect(run(host('job'), ['tidy-up', '--', 'true'], { traps }).code).toBe(0);
    const good = figures('tidy_up');
    expect(good).toMatchObject({ last_exit_code: 0 });
    expect(Math.abs(good.last_success_timestamp_seconds - Date.now() / 1_000)).toBeLessThan(600);
    // Sets the time back, so that the next run cannot have the same second.
    const file = 'var/lib/basecommerce/metrics/job_tidy_up.prom';
    const before = readFileSync(path.join(root, file), 'utf8');
    written(file, before.replace(/(last_success_timestamp_seconds\{.*\}) \d+/, '$1 1000'));
    expect(run(host('job'), ['tidy-up', '--', 'sh', '-c', 'exit 3'], { traps }).code).toBe(3);
    expect(figures('tidy_up')).toMatchObject({
      last_exit_code: 3,
      last_success_timestamp_seconds: 1000,
    });
  });

  it('reports the year 1970 as its last success if it never succeeded', () => {
    run(host('job'), ['tidy-up', '--', 'false'], { traps });
    expect(figures('tidy_up')).toMatchObject({ last_exit_code: 1, last_success_timestamp_seconds: 0 });
  });

  it('kills a run that takes too long', () => {
    expect(run(host('job'), ['slow', '--timeout', '1', '--', 'sleep', '30'], { traps }).code).toBe(124);
    expect(figures('slow')).toMatchObject({ last_exit_code: 124 });
  });

  it('skips a second run while the first runs, and keeps the first one’s metrics', () => {
    const { code, stderr } = run(host('job'), ['outer', '--', host('job'), 'outer', '--', 'true'], { traps });
    expect(code).toBe(BUSY);
    expect(stderr + figures('outer').last_exit_code).toContain('75');
  });
});

describe('the crontab', () => {
  const lines = readFileSync(path.join(here, 'crontab'), 'utf8')
    .split('\n')
    .filter((line) => /^[0-9*]/.test(line));
  const RANGES = [
    [0, 59],
    [0, 23],
    [1, 31],
    [1, 12],
    [0, 7],
  ];

  it.each(lines)('%s', (line) => {
    const [, ...times] = /^(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s/.exec(line) ?? [];
    times.forEach((time, index) => {
      const [least, most] = RANGES[index];
      expect(time).toMatch(/^(\*(\/\d+)?|\d+(,\d+)*)$/);
      for (const number of time.match(/\d+/g) ?? [])
        expect(Number(number) >= least && Number(number) <= most).toBe(true);
    });
    const job =
      /^\S+\s+\S+\s+\S+\s+\S+\s+\S+\s+root\s+\/opt\/basecommerce\/bin\/job ([a-z-]+) --timeout \d+ -- (\S+)/.exec(line);
    expect(job).not.toBeNull();
    const command = job?.[2] ?? '';
    if (command.startsWith('/opt/basecommerce/bin/')) expect(existsSync(host(path.basename(command)))).toBe(true);
    // A percent sign ends the command in a crontab.
    expect(line).not.toContain('%');
  });

  it('names each job once, and every pass', () => {
    const jobs = lines.map((line) => /bin\/job (\S+)/.exec(line)?.[1]);
    expect(new Set(jobs).size).toBe(jobs.length);
    expect(jobs).toEqual(
      expect.arrayContaining([
        'billing-reconcile',
        'billing-grace',
        'billing-overage',
        'stock',
        'sales',
        'backup',
        'backup-verify',
      ]),
    );
  });
});

describe('cloud-init', () => {
  it('allows one user, by key only', () => {
    const text = readFileSync(path.join(here, 'cloud-init.yaml'), 'utf8');
    expect(text.startsWith('#cloud-config\n')).toBe(true);
    const config = parse(text.replaceAll('${deploy_keys}', '["ssh-ed25519 AAAA ana"]'));
    expect(config).toMatchObject({ disable_root: true, ssh_pwauth: false });
    expect(config.users).toEqual([
      expect.objectContaining({ name: 'deploy', lock_passwd: true, ssh_authorized_keys: ['ssh-ed25519 AAAA ana'] }),
    ]);
    expect(text).not.toMatch(/passwd: [^t]|chpasswd|hashed/);
  });
});

describe('pending migrations', () => {
  const plan = (objections, isFirst = false) => ({ isFirst, pending: [{ name: 'x', objections }] });

  it('are refused when they break the release, unless that is allowed or no release serves yet', () => {
    expect(objectionsTo(plan(['is marked as breaking', 'drops something']), false)).toEqual([
      'x is marked as breaking',
      'x drops something',
      expect.stringContaining('--allow-breaking'),
    ]);
    expect(objectionsTo(plan(['drops something']), true)).toEqual([]);
    expect(objectionsTo(plan(['drops something'], true), false)).toEqual([]);
    expect(objectionsTo(plan([]), false)).toEqual([]);
  });
});

/** jq and shellcheck: the machine's own, or Debian's packages unpacked. */
function toolsPath() {
  const isThere = (name) => output(name, ['--version']) !== undefined;
  if (isThere('jq') && isThere('shellcheck')) return { path: '', shellcheck: 'shellcheck' };
  if (!hasApt)
    throw new Refusal('jq and shellcheck were not found. Install them, for example: brew install jq shellcheck');
  const files = unpackedPackages('shell-tools', ['jq', 'shellcheck']);
  return {
    path: path.join(files, 'usr/bin'),
    shellcheck: path.join(files, 'usr/bin/shellcheck'),
    libraries: libraryPath(files),
  };
}
