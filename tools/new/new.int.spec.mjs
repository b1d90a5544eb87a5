/**
 * Generates every kind into a copy of the tree, which then passes the whole check, the new tests and the tests of all
 * rooms.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { copyOfTree } from '../launch/copy.mjs';
import { dataDir } from '../launch/places.mjs';

/** Limits a check that hangs. On two idle cores the whole took 168 s. */
const LIMIT_MS = 1_800_000;
const ROOMS = ['module deliveries', 'module logistics pallet-loads', 'engine pricing product quote', 'vertical garden'];
const PIECES = ['usecase quotes/archive-quote quote.archived', 'event delivery.failed'];
/** The new specs, and the specs that check every room. */
const TESTS = [
  'libs/modules/(deliveries|logistics)',
  'libs/modules/quotes/usecases/archive-quote',
  'libs/engines/pricing',
  'libs/verticals/garden',
  'tests/contracts/(events|openapi|asyncapi)',
  'tests/tenancy/(routes|catalogue)',
];
/** The files that `npm run gen` writes. */
const GENERATED =
  /^(libs\/contracts\/(rooms|event-contracts)\.ts|apps\/\w[\w-]*\/doors\.ts|docs\/reference\/.*|prisma\/(schema\/.*|structure\.sql))$/;

let copy;
beforeAll(() => {
  copy = copyOfTree('new');
  const identity = ['-c', 'user.name=spec', '-c', 'user.email=spec@localhost'];
  for (const words of [
    ['init', '-q'],
    ['add', '-A'],
    [...identity, 'commit', '-q', '--no-verify', '-m', 'The tree'],
  ])
    succeeding('git', ...words);
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

function run(program, ...args) {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: copy,
    encoding: 'utf8',
    maxBuffer: 64_000_000,
    // Uses the servers of this test run instead of a second pair.
    env: { ...process.env, BASECOMMERCE_DATA: dataDir },
  });
  return { status, said: stdout + stderr };
}
function succeeding(program, ...args) {
  const { status, said } = run(program, ...args);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${said}`);
  return said;
}
const node = (...args) => succeeding(process.execPath, ...args);
const generate = (words) => run(process.execPath, 'tools/new/run.mjs', ...words.split(' '));
/** Files that git shows as changed, not as new. */
const changed = () =>
  succeeding('git', 'status', '--porcelain', '--untracked-files=all')
    .split('\n')
    .filter((line) => line && !line.startsWith('??'))
    .map((line) => line.slice(3));

/** Files and their sizes, without what a build or an installation makes. */
function tree(folder = copy) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !/node_modules|\/dist|\/\.git(\/|$)/.test(entry.parentPath))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort()
    .map((file) => `${file} ${readFileSync(file).length}`);
}

describe('npm run new', () => {
  it.each([
    ['', 'say what: module, usecase, event, engine, vertical, or --help'],
    ['room deliveries', 'there is no kind room'],
    ['module', 'the words are: module NAME'],
    ['module deliveries --force', 'there is no option --force'],
    ['module Deliveries', 'write it in small letters'],
    ['module ../elsewhere', 'write it in small letters'],
    ['module utils', 'says nothing; name it after what it holds'],
    ['module delivery', 'name it in the plural'],
    ['module quotes', 'libs/modules/quotes is there already'],
    ['module sales orders', 'the table orders is there already'],
    ['usecase quotes/send-quote quote.posted', 'is there already'],
    ['usecase quotes/archive-quote quote.sent', 'the event quote.sent is there already'],
    ['usecase quotes/archive-order order.archived', 'belongs to the room orders, not to quotes'],
    ['event order.Archived', 'write noun.past_participle'],
    ['engine stock product', 'libs/engines/stock is there already'],
    ['engine pricing moon', 'there is no aggregate moon'],
    ['vertical construction', 'libs/verticals/construction is there already'],
  ])('refuses `%s` in a line, and writes nothing', (words, reason) => {
    const before = tree();
    const { status, said } = generate(words);
    expect({ status, said }).toEqual({ status: 2, said: expect.stringMatching(/^new: [^\n]+\n$/) });
    expect(said).toContain(reason);
    expect(tree()).toEqual(before);
  });

  it('prints with --dry-run what it would write, and writes nothing', () => {
    const before = tree();
    for (const words of [...ROOMS, PIECES[0]]) {
      expect(generate(`${words} --dry-run`)).toEqual({
        status: 0,
        said: expect.stringContaining('would create libs/'),
      });
    }
    expect(tree()).toEqual(before);
  });

  it(
    'makes rooms that change no list, and pass the whole check, their own tests and those of all rooms',
    () => {
      for (const words of ROOMS) expect({ words, ...generate(words) }).toMatchObject({ words, status: 0 });
      expect(changed()).toEqual([]);
      for (const words of PIECES) expect({ words, ...generate(words) }).toMatchObject({ words, status: 0 });
      const own = changed();
      expect(own.filter((file) => !/^libs\/(contracts|modules)\/quotes\//.test(file))).toEqual([]);
      node('tools/gen/run.mjs');
      expect(changed().filter((file) => !own.includes(file) && !GENERATED.test(file))).toEqual([]);
      node('tools/check/run.mjs');
      const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', '--ci'];
      const said = node(...jest, ...TESTS);
      for (const room of ['deliveries', 'logistics', 'archive-quote', 'pricing', 'garden/demo/catalogue'])
        expect(said).toMatch(new RegExp(`PASS .*${room}`));
    },
    LIMIT_MS,
  );
});
