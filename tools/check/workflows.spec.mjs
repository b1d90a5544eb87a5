/**
 * Checks the pipelines without running them: GitHub's own parser reads them, bash parses every script in them, every
 * file that they name exists, and each job has the narrowest rights, a time limit and no secret in a command line.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser';
import { parse } from 'yaml';
import { shellcheck } from './shellcheck.mjs';

const FOLDER = '.github/workflows';
const names = readdirSync(FOLDER);
const text = (name) => readFileSync(path.join(FOLDER, name), 'utf8');
const workflows = names.map((name) => [name, parse(text(name))]);
const jobs = workflows.flatMap(([name, { jobs }]) => Object.entries(jobs).map(([id, job]) => [`${name}: ${id}`, job]));
const steps = jobs.flatMap(([name, job]) =>
  (job.steps ?? []).map((step) => [`${name}: ${step.name ?? step.uses}`, step]),
);
const scripts = steps.filter(([, { run }]) => run !== undefined);

it('finds the six pipelines', () => {
  expect(names.sort()).toEqual([
    'bench.yml',
    'checks.yml',
    'images.yml',
    'nightly.yml',
    'production.yml',
    'staging.yml',
  ]);
  expect(scripts.length).toBeGreaterThan(10);
});

const mistakes = (name, content) =>
  parseWorkflow({ name, content }, new NoOperationTraceWriter())
    .context.errors.getErrors()
    .map(({ message }) => message);

it.each(names)('%s is a workflow to GitHub’s own parser, expressions included', (name) => {
  expect(mistakes(name, text(name))).toEqual([]);
});

it('has a parser that reports an error', () => {
  expect(mistakes('a.yml', text('checks.yml').replace('steps:', 'stepz:'))).not.toEqual([]);
  expect(mistakes('a.yml', text('checks.yml').replace('github.ref }}', 'github.reff( }}'))).not.toEqual([]);
});

describe('rights and limits', () => {
  it.each(workflows)('%s grants only reading, and states the order of jobs', (_, { permissions, concurrency }) => {
    expect(permissions).toEqual({ contents: 'read' });
    expect(concurrency.group).toEqual(expect.any(String));
    expect(concurrency).toHaveProperty('cancel-in-progress');
  });

  it.each(jobs)('%s states its rights and a time limit', (_, job) => {
    for (const right of Object.values(job.permissions)) expect(right).toBe('read');
    // A called workflow's jobs have their own limits.
    if (!job.uses) expect(job['timeout-minutes']).toBeLessThanOrEqual(90);
  });

  it('uses only actions of GitHub itself, by the id of a commit, with the version beside it', () => {
    const used = names.flatMap((name) => [...text(name).matchAll(/uses: (\S+)(.*)/g)]);
    expect(used.length).toBeGreaterThan(5);
    for (const [line, action, comment] of used) {
      if (action.startsWith('./')) expect({ action, isThere: existsSync(action) }).toEqual({ action, isThere: true });
      else expect(line).toMatch(/uses: actions\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
      expect(comment).toBeDefined();
    }
  });

  it('leaves no credentials of the repository behind in a work tree', () => {
    const checkouts = steps.filter(([, { uses }]) => uses?.startsWith('actions/checkout@'));
    expect(checkouts.length).toBeGreaterThan(4);
    for (const [name, step] of checkouts) expect([name, step.with['persist-credentials']]).toEqual([name, false]);
  });
});

describe('scripts in steps', () => {
  it.each(scripts)('%s is well-formed', (_, { run }) => {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: run, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('passes shellcheck', () => {
    for (const [name, { run }] of scripts)
      expect([name, shellcheck(['--shell=bash', '-'], `set -eo pipefail\n${run}`)]).toEqual([name, '']);
  });

  it('has a shellcheck that reports an error', () => {
    expect(shellcheck(['--shell=bash', '-'], 'rm -rf $HOME/$1/*')).toContain('SC2086');
  });

  it('puts input from outside into the environment, never into the script', () => {
    for (const [name, { run }] of scripts) expect([name, run]).toEqual([name, expect.not.stringContaining('${{')]);
  });

  it('names only commands of the project that exist', () => {
    const commands = JSON.parse(readFileSync('package.json', 'utf8')).scripts;
    let found = 0;
    for (const [name, { run }] of scripts) {
      for (const [, script] of run.matchAll(/npm run (?:-s )?([\w:-]+)/g)) {
        found += 1;
        expect([name, script, script in commands]).toEqual([name, script, true]);
      }
      for (const [, file] of run.matchAll(/(?:^|\s)((?:infra|bench|tools|bin|\.ci)\/[\w./-]+)/g)) {
        found += 1;
        expect([name, file, existsSync(file)]).toEqual([name, file, true]);
      }
    }
    expect(found).toBeGreaterThan(10);
  });
});

describe('secrets', () => {
  it('reach a step by its environment, or a called workflow by name, and no job as a whole', () => {
    for (const [name, job] of jobs) {
      expect([name, JSON.stringify(job.env ?? {})]).toEqual([name, expect.not.stringContaining('secrets.')]);
      expect([name, job.secrets]).not.toEqual([name, 'inherit']);
    }
  });

  it('are never traced: no script turns on echoing of commands', () => {
    for (const [name, { run }] of scripts) expect([name, run]).toEqual([name, expect.not.stringMatching(/set -\w*x/)]);
    for (const file of readdirSync('infra/ci').filter((name) => !name.includes('.')))
      expect(readFileSync(path.join('infra/ci', file), 'utf8')).not.toMatch(/set -\w*x/);
  });
});

describe('production', () => {
  const { on, jobs: own } = parse(text('production.yml'));

  it('starts from a version’s tag alone', () => {
    expect(on).toEqual({ push: { tags: ['v[0-9]+.[0-9]+.[0-9]+'] } });
  });

  it('deploys only checked images, and only after the environment’s reviewers approve', () => {
    const environments = Object.entries(own).filter(([, { environment }]) => environment);
    expect(environments.map(([id, { environment }]) => [id, environment.name])).toEqual([['deploy', 'production']]);
    expect(own.deploy.needs).toBe('images');
    expect(own.images.needs).toBe('checks');
    expect(own.checks.needs).toBe('tag');
  });

  it('is never cut off in the middle of a deploy', () => {
    for (const name of ['production.yml', 'staging.yml'])
      expect(parse(text(name)).concurrency['cancel-in-progress']).toBe(false);
  });

  it('rolls back a release that fails the smoke test, as staging does', () => {
    const deploys = scripts.filter(([, { run }]) => /infra\/ci\/release (staging|production) /.test(run));
    expect(deploys.map(([name]) => name.split(':')[0]).sort()).toEqual(['production.yml', 'staging.yml']);
  });
});

describe('scripts of the pipelines', () => {
  const files = readdirSync('infra/ci').filter((name) => !name.includes('.'));
  const run = (file, args, environment = {}) =>
    spawnSync(path.join('infra/ci', file), args, {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: '/nonexistent', ...environment },
    });

  it.each(files)('infra/ci/%s is executable, passes shellcheck and has --help', (file) => {
    const place = path.join('infra/ci', file);
    expect(statSync(place).mode & 0o111).toBe(0o111);
    expect(shellcheck(['--external-sources', '--source-path=SCRIPTDIR', place])).toBe('');
    const { status, stdout } = run(file, ['--help']);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^Usage: infra\/ci\/[^]*--dry-run/),
    });
  });

  it.each(files)('infra/ci/%s refuses an unknown option in one line', (file) => {
    const { status, stderr } = run(file, ['--no-such-option']);
    expect(status).toBe(64);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it.each([
    [{}, 'not set: REGISTRY'],
    [{ REGISTRY: 'example.test/shop' }, 'not set: REVISION'],
    [{ REGISTRY: 'https://example.test' }, 'HOST[:PORT][/PATH]'],
    [{ REGISTRY: 'example.test', REVISION: 'abc' }, 'whole commit id'],
    [{ REGISTRY: 'example.test', REVISION: 'a'.repeat(40), VERSION: 'latest' }, 'v1.2.3'],
    [{ REGISTRY: 'example.test', REVISION: 'a'.repeat(40), SCANNER_IMAGE: 'scanner:latest' }, 'name a digest'],
  ])('images are not made with the settings %j', (environment, reason) => {
    const { status, stderr } = run('images', ['check'], environment);
    expect({ status, stderr }).toEqual({ status: 64, stderr: expect.stringContaining(reason) });
  });

  it('print their plan in a dry run, change nothing, and print no secret', () => {
    const settings = { REGISTRY: 'example.test/shop', REVISION: 'a'.repeat(40), REGISTRY_USER: 'pusher' };
    const secrets = {
      REGISTRY_TOKEN: 'token-of-the-registry',
      DEPLOY_KEY: 'key-of-the-deploys',
      DEPLOY_KNOWN_HOSTS: 'hosts',
    };
    const scanner = { SCANNER_IMAGE: `scanner@sha256:${'d'.repeat(64)}`, IMAGE_ARCHIVES: '/nonexistent/archives' };
    const said = (file, args) => {
      const { status, stdout, stderr } = run(file, [...args, '--dry-run'], { ...settings, ...secrets, ...scanner });
      expect([file, args, status]).toEqual([file, args, 0]);
      for (const secret of Object.values(secrets)) expect(stdout + stderr).not.toContain(secret);
      return stderr;
    };
    expect(said('images', ['build'])).toMatch(/would run: docker buildx build .*--provenance=mode=max --sbom=true/);
    expect(said('images', ['build', '--plain'])).toMatch(/would run: docker build /);
    expect(said('images', ['scan'])).toMatch(/would run: docker run .*--exit-code 1/);
    expect(said('images', ['push'])).toMatch(
      /would run: skopeo copy .*example\.test\/shop\/basecommerce-engines:a{40}/,
    );
    expect(said('credentials', ['staging'])).toContain('This is a dry run');
    expect(said('credentials', ['--forget'])).toContain('This is a dry run');
  });

  it('build every image from an existing file', () => {
    const { stderr } = run('images', ['build', '--dry-run'], { REVISION: 'a'.repeat(40) });
    const files = [...stderr.matchAll(/--file (\S+)/g)].map(([, file]) => file);
    expect(files).toHaveLength(4);
    for (const file of files) expect([file, existsSync(file)]).toEqual([file, true]);
    const targets = [...stderr.matchAll(/--target (\w+)/g)].map(([, target]) => target);
    for (const target of targets)
      expect(readFileSync('Dockerfile', 'utf8')).toMatch(new RegExp(`^FROM .* AS ${target}$`, 'm'));
  });

  it('keep a user’s own key, and remove only files that they wrote', () => {
    const home = mkdtempSync(path.join(os.tmpdir(), 'credentials-'));
    const key = path.join(home, '.ssh/id_ed25519');
    const settings = { HOME: home, DEPLOY_KEY: 'of the deploys', DEPLOY_KNOWN_HOSTS: 'droplet ssh-ed25519 AAAA' };
    try {
      expect(run('credentials', ['staging'], settings).status).toBe(0);
      expect([readFileSync(key, 'utf8'), statSync(key).mode & 0o777]).toEqual(['of the deploys\n', 0o600]);
      expect(run('credentials', ['--forget'], settings).status).toBe(0);
      expect(existsSync(key)).toBe(false);
      writeFileSync(key, 'somebody’s own');
      expect(run('credentials', ['staging'], settings).status).toBe(1);
      expect(run('credentials', ['--forget'], settings).status).toBe(0);
      expect(readFileSync(key, 'utf8')).toBe('somebody’s own');
    } finally {
      rmSync(home, { recursive: true });
    }
  });

  it('releases no tag that is not the version of the package', () => {
    const { status, stderr } = run('version', ['v999.0.0']);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('package.json says') });
  });
});
