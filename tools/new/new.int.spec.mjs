/** Every kind, generated into a copy of the tree: it compiles, stays within the walls, and its tests and the house's pass. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { copyOfTree } from '../launch/copy.mjs';

const LIMIT_MS = 1_800_000;
const ASKED = [
  'module deliveries',
  'module logistics pallet-loads',
  'usecase quotes/archive-quote quote.archived',
  'event delivery.failed',
  'engine pricing product quote',
  'vertical garden',
];
/** Its own specs, and those of the house that look at every room. */
const TESTS = [
  'libs/modules/(deliveries|logistics)',
  'libs/modules/quotes/usecases/archive-quote',
  'libs/engines/pricing',
  'libs/verticals/garden',
  'tests/contracts/(events|openapi|asyncapi)',
  'tests/tenancy/(routes|catalogue)',
];

let copy;
beforeAll(() => (copy = copyOfTree('new')));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

function run(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8' });
  return { status, said: stdout + stderr };
}
function succeeding(...args) {
  const { status, said } = run(...args);
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}:\n${said}`);
  return said;
}
const generate = (words) => run('tools/new/run.mjs', ...words.split(' '));

/** Files and their sizes, without what a build or an installation makes. */
function tree(folder = copy) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !/node_modules|\/dist/.test(entry.parentPath))
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

  it('says with --dry-run what it would write, and writes nothing', () => {
    const before = tree();
    for (const words of ASKED.filter((asked) => !asked.includes('delivery.'))) {
      expect(generate(`${words} --dry-run`)).toEqual({
        status: 0,
        said: expect.stringContaining('would create libs/'),
      });
    }
    expect(tree()).toEqual(before);
  });

  it(
    'makes rooms that compile, stay within the walls and pass their tests and those of the house',
    () => {
      for (const words of ASKED) expect({ words, ...generate(words) }).toMatchObject({ words, status: 0 });
      expect(existsSync(path.join(copy, 'libs/modules/deliveries/http.ts'))).toBe(true);
      succeeding('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--noEmit');
      succeeding('tools/walls/check.mjs');
      succeeding('tools/check/names.mjs');
      const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', '--ci'];
      const said = succeeding(...jest, ...TESTS);
      for (const room of ['deliveries', 'logistics', 'archive-quote', 'pricing', 'garden/demo/catalogue'])
        expect(said).toMatch(new RegExp(`PASS .*${room}`));
    },
    LIMIT_MS,
  );
});
