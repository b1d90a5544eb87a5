/**
 * Loops between folders. Files may be free of circles while their folders are not: a use case of `customers` imports the face
 * of `quotes`, whose use cases import the face of `customers`. Such rooms can only be read, tested and moved together.
 *
 * Two graphs are read, because each finds loops that the other does not contain:
 *
 *   rooms     a node is a room (`libs/modules/quotes`) or a process (`apps/vertical`)
 *   folders   a node is a folder. A file at the top of a room, an inner room (a folder with an `index.ts`) or a process is a
 *             node of its own: `http.ts` needs `usecases/`, which needs `errors.ts`, and both lie at the top. So is each
 *             contract: a registry names the contracts of all rooms, and the type of an operation names the registry
 */
import path from 'node:path';

/** @typedef {import('./graph.mjs').Violation} Violation */
/** @typedef {import('./graph.mjs').Import} Import */

const ROOM = /^(?:libs\/(?:kernel|contracts)|libs\/[^/]+\/[^/]+|apps\/[^/]+|prisma\/seed)(?=\/)/;
const NODE_OF_ITS_OWN = /^libs\/contracts\/|^(?:libs\/[^/]+\/[^/]+|apps\/[^/]+)\/[^/]+\.ts$/;

const roomOf = (/** @type {string} */ file) => ROOM.exec(file)?.[0] ?? file;

/**
 * One violation for each pair of nodes whose import is part of a loop; `from` and `to` are the files of the first such import.
 * @param {readonly Import[]} imports
 * @returns {Violation[]}
 */
export function loopsIn(imports) {
  const files = imports.flatMap(({ from, to }) => [from, to]);
  const innerRooms = new Set(
    files.filter((file) => file.endsWith('/index.ts')).map((file) => path.posix.dirname(file)),
  );
  const folderOf = (/** @type {string} */ file) =>
    NODE_OF_ITS_OWN.test(file) || innerRooms.has(path.posix.dirname(file)) ? file : path.posix.dirname(file);
  return [...loops(imports, roomOf), ...loops(imports, folderOf)].map((found) => ({
    rule: 'no-loops-between-folders',
    ...found,
  }));
}

/**
 * @param {readonly Import[]} imports
 * @param {(file: string) => string} nodeOf
 */
function loops(imports, nodeOf) {
  /** @type {Map<string, Map<string, Import>>} */
  const arrows = new Map();
  for (const found of imports) {
    const [from, to] = [nodeOf(found.from), nodeOf(found.to)];
    if (from === to) continue;
    const targets = arrows.get(from) ?? new Map();
    arrows.set(from, targets);
    if (!targets.has(to)) targets.set(to, found);
  }
  const reached = new Map([...arrows.keys()].map((node) => [node, reachableFrom(node, arrows)]));
  return [...arrows].flatMap(([from, targets]) =>
    [...targets].filter(([to]) => reached.get(to)?.has(from)).map(([, found]) => found),
  );
}

/**
 * @param {string} start
 * @param {ReadonlyMap<string, ReadonlyMap<string, Import>>} arrows
 */
function reachableFrom(start, arrows) {
  const seen = new Set();
  const waiting = [start];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (const next of arrows.get(node)?.keys() ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      waiting.push(next);
    }
  }
  return seen;
}
