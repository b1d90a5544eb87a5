/**
 * Which room owns which table. The file of a model in `prisma/schema` names the owner:
 *
 *   `quotes.prisma`         libs/modules/quotes and libs/platform/quotes, as far as they exist; else libs/engines/quotes
 *   `stock_engine.prisma`   libs/engines/stock, which shares its name with a module
 *
 * A business room and a platform room of one name (audit, recovery) are the two layers of one room.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '..', '..');
/** The generator's and the data source's settings; it holds no model. */
export const MAIN = 'main.prisma';

/**
 * The folders of a room, relative to `root`, each with a closing slash. Empty when there is no such room.
 * @param {string} room
 * @param {string} [root]
 * @returns {string[]}
 */
export function foldersOf(room, root = ROOT) {
  const engine = /^(.+)_engine$/.exec(room)?.[1];
  const present = (/** @type {string[]} */ folders) => folders.filter((folder) => existsSync(path.join(root, folder)));
  if (engine) return present([`libs/engines/${engine}/`]);
  const layers = present([`libs/modules/${room}/`, `libs/platform/${room}/`]);
  return layers.length > 0 ? layers : present([`libs/engines/${room}/`]);
}

/**
 * The room that a migration's name begins with: `20270101000000_stock_engine_reorder` → `stock_engine`.
 * @param {string} migration
 * @param {string} [root]
 * @returns {string | undefined}
 */
export function roomOfMigration(migration, root = ROOT) {
  const words = migration.replace(/^\d+_/, '').split('_');
  for (let count = words.length; count > 0; count--) {
    const room = words.slice(0, count).join('_');
    if (foldersOf(room, root).length > 0) return room;
  }
  return undefined;
}

/**
 * The owner of each table, as the files of `prisma/schema` say it.
 * @param {string} [root]
 * @returns {Map<string, string>}
 */
export function ownersByTable(root = ROOT) {
  const folder = path.join(root, 'prisma/schema');
  const owners = new Map();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.prisma') && name !== MAIN)) {
    const text = readFileSync(path.join(folder, file), 'utf8');
    for (const [, table] of text.matchAll(/^model (\w+) \{$/gm)) owners.set(table, path.basename(file, '.prisma'));
  }
  return owners;
}
