import { z } from 'zod';
import { operation, operator } from '#contracts/operation';
import { parseCommandLine } from './command-line.js';

const changeShelf = operation({
  ...operator,
  id: 'changeShelf',
  method: 'POST',
  path: '/shelves/:shelf/change',
  tag: 'Shelves',
  summary: 'Change a shelf',
  command: 'shelves change',
  params: z.strictObject({ shelf: z.uuid() }),
  body: z.strictObject({
    owner_email: z.email(),
    size: z.enum(['small', 'large']),
    places: z.int().min(1).max(9).optional(),
    until: z.iso.datetime().optional(),
    labels: z.array(z.string().max(5)).optional(),
  }),
  response: z.object({}),
});
const listShelves = operation({
  ...operator,
  id: 'listShelves',
  method: 'GET',
  path: '/shelves',
  tag: 'Shelves',
  summary: 'List shelves',
  command: 'shelves list',
  query: z.strictObject({ limit: z.coerce.number().int().min(1).max(200).default(50) }),
  response: z.object({}),
});
const ID = '01931b6e-3c00-7a00-8000-000000000001';
const read = (line: string) => parseCommandLine([changeShelf, listShelves], line.split(' ').filter(Boolean));

describe('a command line', () => {
  it('becomes what its operation takes', () => {
    const line = `shelves change ${ID} --owner-email ana@acme.test --size large --places 3 --labels a,b --dry-run`;
    expect(read(line)).toMatchObject({
      kind: 'run',
      params: { shelf: ID },
      body: { owner_email: 'ana@acme.test', size: 'large', places: 3, labels: ['a', 'b'] },
      isDryRun: true,
      isJson: false,
    });
    expect(read('shelves list --limit 5 --json')).toMatchObject({
      query: { limit: '5' },
      body: undefined,
      isJson: true,
    });
  });

  it.each(['', '--help', 'help', 'shelves change --help', 'shelves list -h'])('`%s` asks for help', (line) => {
    expect(read(line).kind).toBe('help');
  });

  it.each([
    ['shelfs list', 'unknown_command', 'There is no command shelfs list; commands begin with shelves.'],
    ['shelves lst', 'unknown_command', 'There is no command shelves lst; the commands of shelves are change, list.'],
    ['shelves list --limt 5', 'unknown_flag', "Unknown option '--limt'; the flags are --json, --limit."],
    ['shelves list --dry-run', 'unknown_flag', "Unknown option '--dry-run'"],
    ['shelves list all', 'invalid_argument', 'all is one word too many; shelves list takes flags only.'],
    ['shelves change', 'missing_argument', `<shelf> is missing; for example ${ID}.`],
    [
      'shelves change x --owner-email a@b.test --size large',
      'invalid_argument',
      `<shelf> x: Invalid UUID; for example ${ID}.`,
    ],
    [
      `shelves change ${ID}`,
      'missing_argument',
      '--owner-email is missing; for example ana@example.com.\n--size is missing; for example small.',
    ],
    [
      `shelves change ${ID} --owner-email ana --size large`,
      'invalid_argument',
      '--owner-email ana: Invalid email address; for example ana@example.com.',
    ],
    [
      `shelves change ${ID} --owner-email a@b.test --size huge`,
      'invalid_argument',
      '--size huge: Invalid option: expected one of "small"|"large"',
    ],
    [`shelves change ${ID} --owner-email a@b.test --size small --places many`, 'invalid_argument', 'for example 1.'],
    [
      `shelves change ${ID} --owner-email a@b.test --size small --until soon`,
      'invalid_argument',
      '--until soon: Invalid ISO datetime; for example 2026-11-30T00:00:00Z.',
    ],
    ['shelves list --limit 0', 'invalid_argument', '--limit 0: '],
    [
      `shelves change ${ID} --owner-email a@b.test --size small --labels toolong`,
      'invalid_argument',
      '--labels toolong: ',
    ],
  ])('`%s` is refused with the word that was typed, what is allowed, and an example', (line, code, message) => {
    expect(() => read(line)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
  });
});
