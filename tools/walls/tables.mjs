/**
 * One table, one room: a statement touches the tables of the room whose file holds it. The owner of a table is the file of
 * its model in `prisma/schema` (tools/prisma/rooms.mjs). Another room calls the owner's face, or a function of the database
 * that the owner made for it. `foreign-tables.json` lists the statements that may do otherwise, each with its reason; an
 * entry that excuses nothing is a violation as well.
 *
 * Doors hold no SQL at all: they translate between HTTP and a use case.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { foldersOf, ownersByTable } from '../prisma/rooms.mjs';
import { readStatements } from '../sql/read.mjs';

/** @typedef {import('./graph.mjs').Violation} Violation */
/** @typedef {{ files: string, tables: string[], verbs: string[], because: string }} Exception  `files`: a folder. */

const DOOR =
  /^libs\/(?:modules|engines)\/[^/]+\/(?:(?:index|http|operator|texts|worker|view|errors)\.ts$|(?:[^/]+\/)?controllers\/)/;

/** @type {Exception[]} */
const EXCEPTIONS = JSON.parse(readFileSync(path.join(import.meta.dirname, 'foreign-tables.json'), 'utf8'));

/**
 * @param {string} root
 * @returns {Violation[]}
 */
export function tableViolations(root) {
  const owners = ownersByTable(root);
  const statements = readStatements(root);
  const unused = new Set(excuses());
  /** @type {Violation[]} */
  const foreign = [];
  for (const { file, line, tables } of statements) {
    for (const { table, verb } of tables) {
      const owner = owners.get(table);
      if (owner === undefined || foldersOf(owner, root).some((folder) => file.startsWith(folder))) continue;
      const excuse = excuses().find((key) => matches(key, file, verb, table));
      if (excuse === undefined)
        foreign.push({ rule: 'one-table-one-room', from: file, to: `${verb} ${table} of ${owner} in line ${line}` });
      else unused.delete(excuse);
    }
  }
  return [
    ...foreign,
    ...[...unused].map((excuse) => ({
      rule: 'one-table-one-room',
      from: 'tools/walls/foreign-tables.json',
      to: `${excuse}: no statement needs this entry`,
    })),
    ...statements
      .filter(({ file }) => DOOR.test(file))
      .map(({ file, line }) => ({ rule: 'doors-hold-no-sql', from: file, to: `a statement in line ${line}` })),
  ];
}

/** Each entry, table by table: `libs/platform/live/ outbox_events`. */
function excuses() {
  return EXCEPTIONS.flatMap(({ files, tables }) => tables.map((table) => `${files} ${table}`));
}

/**
 * @param {string} excuse
 * @param {string} file
 * @param {string} verb
 * @param {string} table
 */
function matches(excuse, file, verb, table) {
  return EXCEPTIONS.some(
    ({ files, tables, verbs }) =>
      excuse === `${files} ${table}` && file.startsWith(files) && tables.includes(table) && verbs.includes(verb),
  );
}
