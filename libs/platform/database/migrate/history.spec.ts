import { migrationOf } from './files.js';
import { type Applied, pendingOf, statusOf } from './history.js';

const first = migrationOf('20260101000000_first', 'select 1;\n');
const second = migrationOf('20260102000000_second', 'select 2;\n');
const recorded = (migration = first, change: Partial<Applied> = {}): Applied => ({
  migration_name: migration.name,
  checksum: migration.checksum,
  finished_at: new Date(0),
  ...change,
});

describe('marks on the first line', () => {
  it.each([
    ['select 1;\n', true, false],
    ['-- no-transaction\nselect 1;\n', false, false],
    ['-- breaking\r\nselect 1;\n', true, true],
    ['-- breaking, no-transaction\nselect 1;\n', false, true],
    ['-- Not a breaking change.\nselect 1;\n', true, false],
    ['select 1;\n-- breaking\n', true, false],
  ])('%j', (sql, isTransactional, isBreaking) => {
    expect(migrationOf('a', sql)).toMatchObject({ isTransactional, isBreaking });
  });
});

describe('what is left to apply', () => {
  it('is what is not recorded, also when something newer is', () => {
    expect(pendingOf([first, second], [recorded(second)])).toEqual([first]);
  });

  it('is refused when an applied file has changed', () => {
    expect(() => pendingOf([first], [recorded(first, { checksum: 'another' })])).toThrow(
      expect.objectContaining({ code: 'migration_changed' }),
    );
  });

  it('is refused when a migration never finished, known here or not', () => {
    expect(() => pendingOf([first], [recorded(second, { finished_at: null })])).toThrow(
      expect.objectContaining({ code: 'migration_unfinished' }),
    );
  });
});

describe('status', () => {
  it('distinguishes pending from unknown', () => {
    const newer = migrationOf('20260103000000_newer', '');
    expect(statusOf([first, second], [recorded(first), recorded(newer)])).toEqual({
      pending: [second.name],
      unknown: [newer.name],
    });
  });

  it('treats an unfinished migration as pending', () => {
    expect(statusOf([first], [recorded(first, { finished_at: null })]).pending).toEqual([first.name]);
  });
});
