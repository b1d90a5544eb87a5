import type { EventConsumer } from '../consumer.js';
import type { EnginePass } from '../pass.js';
import { understood, usage } from './command-words.js';

const names = {
  consumers: [{ name: 'stock' }, { name: 'billing' }] as unknown as EventConsumer[],
  passes: [{ name: 'billing', summary: 'bills' }] as unknown as EnginePass[],
};
const read = (line: string) => {
  const [verb = '', ...args] = line.split(' ');
  return understood(verb, args, names);
};

describe('the words of engines', () => {
  it.each(['--help', '-h', 'help', 'run --help', 'run stock -h', 'replay --help', 'work --help'])(
    '%s asks for help',
    (line) => expect(read(line)).toEqual({ kind: 'help' }),
  );

  it.each([
    ['walk', 'there is no command walk; the commands are work, run and replay'],
    ['work now', 'engines work takes no further words; it was given now'],
    ['run', 'engines run: name one of stock, billing'],
    ['run moon', 'engines run: there is no moon; name one of stock, billing'],
    ['run stock billing', 'one name is enough; it was also given billing'],
    ['run stock --as-of yesterday', '--as-of yesterday is not an instant; write it like 2026-11-30T00:00:00Z'],
    ['run stock --as-of 2026-11-30', '--as-of 2026-11-30 is not an instant'],
    ['run stock --as-of 2026-13-30T00:00:00Z', '--as-of 2026-13-30T00:00:00Z is not an instant'],
    ['run stock --tenant Acme_1', '--tenant Acme_1 is neither a slug nor an id; write it like acme'],
    ['run stock --tennant acme', "Unknown option '--tennant'; the flags are --as-of, --tenant, --dry-run"],
    ['replay stock --dry-run', '--dry-run does not apply to it; the flags are --tenant, --json'],
  ])('`%s` is refused with what was typed and what is allowed', (line, sentence) => {
    expect(read(line)).toEqual({ kind: 'refused', reason: expect.stringContaining(sentence) });
  });

  it('takes a tenant by slug or by id', () => {
    const id = '01931b6e-3c00-7a00-8000-000000000001';
    expect(read('run stock --tenant acme')).toMatchObject({ request: { tenant: 'acme', work: { kind: 'engine' } } });
    expect(read(`replay billing --tenant ${id}`)).toMatchObject({ request: { tenant: id, work: { kind: 'engine' } } });
  });

  it('runs the pass where an engine has the same name, and rebuilds the engine', () => {
    expect(read('run billing')).toMatchObject({ request: { work: { kind: 'pass' } } });
    expect(read('replay billing')).toMatchObject({ request: { work: { kind: 'engine' } } });
  });

  it('shows each name that it takes', () => {
    expect(usage(names)).toMatch(/run billing\n {4}bills\n/);
  });
});
