import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { foldersOf, ownersByTable, roomOfMigration } from './rooms.mjs';

let root;
beforeAll(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'rooms-'));
  for (const folder of ['modules/stock', 'modules/audit', 'platform/audit', 'engines/stock', 'engines/billing'])
    mkdirSync(path.join(root, 'libs', folder), { recursive: true });
  mkdirSync(path.join(root, 'prisma/schema'), { recursive: true });
  writeFileSync(path.join(root, 'prisma/schema/main.prisma'), 'generator client {\n}\n');
  writeFileSync(
    path.join(root, 'prisma/schema/stock.prisma'),
    'model stock_levels {\n  id Int @id\n}\n\nmodel stock_moves {\n  id Int @id\n}\n',
  );
});
afterAll(() => rmSync(root, { recursive: true }));

describe('rooms', () => {
  it.each([
    ['stock', ['libs/modules/stock/']],
    ['stock_engine', ['libs/engines/stock/']],
    ['billing', ['libs/engines/billing/']],
    ['audit', ['libs/modules/audit/', 'libs/platform/audit/']],
    ['payment_providers', []],
  ])('named %s lie in %j', (room, folders) => expect(foldersOf(room, root)).toEqual(folders));

  it.each([
    ['20270101000000_stock', 'stock'],
    ['20270101000000_stock_reservations', 'stock'],
    ['20270101000000_stock_engine_reorder', 'stock_engine'],
    ['20270101000000_payment_providers', undefined],
  ])('of the migration %s: %s', (migration, room) => expect(roomOfMigration(migration, root)).toBe(room));

  it('own the tables in the file of their name', () =>
    expect([...ownersByTable(root)]).toEqual([
      ['stock_levels', 'stock'],
      ['stock_moves', 'stock'],
    ]));

  it('of this tree all exist', () =>
    expect([...new Set(ownersByTable().values())].filter((room) => foldersOf(room).length === 0)).toEqual([]));
});
