/**
 * The doors that each app opens, found in the rooms. A door is http.ts, operator.ts, texts.ts or worker.ts. The name of an export says
 * what it is: `…Http` and `…Operator` are Nest modules, `…InsightTexts` are texts of insights, `…Engine` and `…Projection`
 * consume events, `…_PASSES` are passes that run on a schedule. `…Named` is a look-up that the app's command imports by its name.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../launch/places.mjs';
import { Refusal } from '../launch/say.mjs';

const IMPORTED_BY_NAME = /^[a-z]\w*Named$/;
const KINDS = ['engines', 'modules', 'verticals'];

/** Constant of an app → the door it collects from, which exports it takes, and the type of its members. */
const LISTS = {
  HTTP_DOORS: { door: 'http', pattern: /^[A-Z]\w*Http$/, type: ['Type', '#platform/nest'] },
  INSIGHT_TEXTS: { door: 'texts', pattern: /^[a-z]\w*InsightTexts$/ },
  OPERATOR_DOORS: { door: 'operator', pattern: /^[A-Z]\w*Operator$/, type: ['Type', '#platform/nest'] },
  CONSUMERS: { door: 'worker', pattern: /^[a-z]\w*(Engine|Projection)$/, type: ['EventConsumer', '#platform/inbox'] },
  PASSES: { door: 'worker', pattern: /^[A-Z_]+_PASSES$/, type: ['EnginePass', '#platform/inbox'], isSpread: true },
};

/** `{ specifier, constant, name }` of every export that an app opens, sorted by room. */
export function readDoors() {
  return KINDS.flatMap((kind) => {
    const folder = path.join(root, 'libs', kind);
    return (existsSync(folder) ? readdirSync(folder).sort() : []).flatMap((room) =>
      ['http', 'operator', 'texts', 'worker'].flatMap((door) =>
        exportsOf(`libs/${kind}/${room}/${door}.ts`, `#${kind}/${room}/${door}`, door),
      ),
    );
  });
}

function exportsOf(file, specifier, door) {
  if (!existsSync(path.join(root, file))) return [];
  const names = exportedNames(readFileSync(path.join(root, file), 'utf8')).sort();
  const lists = Object.entries(LISTS).filter(([, list]) => list.door === door);
  const found = lists.flatMap(([constant, { pattern }]) =>
    names.filter((name) => pattern.test(name)).map((name) => ({ specifier, constant, name })),
  );
  if (found.length > 0 || names.some((name) => IMPORTED_BY_NAME.test(name))) return found;
  const expected = lists.map(([, { pattern }]) => pattern.source).join(' or ');
  throw new Refusal(`${file} exports nothing that an app can open; the name of an export must match ${expected}`);
}

function exportedNames(text) {
  const declared = [...text.matchAll(/^export (?:abstract |async )?(?:class|const|function) (\w+)/gm)].map(
    ([, name]) => name,
  );
  const listed = [...text.matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, names]) =>
    names.split(',').map((name) => name.trim().split(' as ').at(-1)),
  );
  return [...declared, ...listed.filter((name) => name && !name.startsWith('type '))];
}

/**
 * The text of the command's list of rooms: the operations of each room that has a door of the operator, and the door as a
 * function that loads it, so that a command loads the room that it calls and no other.
 */
export function operatorRoomsText(doors) {
  const rooms = doors.filter(({ constant }) => constant === 'OPERATOR_DOORS');
  const named = rooms.map(({ specifier }) => {
    const room = specifier.split('/')[1];
    return { room, name: room.replace(/-(\w)/g, (_, letter) => letter.toUpperCase()), specifier };
  });
  return `${named.map(({ room, name }) => `import * as ${name} from '#contracts/${room}/operations';\n`).join('')}
export const OPERATOR_ROOMS = [
${named.map(({ name, specifier }) => `  { operations: ${name}, open: () => import('${specifier}') },\n`).join('')}];
`;
}

/** The text of an app's list of doors: its imports, then one constant for each name in `constants`. */
export function doorsText(doors, constants) {
  const imports = new Map();
  const add = (source, name) => imports.set(source, [...(imports.get(source) ?? []), name]);
  for (const type of new Set(constants.map((constant) => LISTS[constant].type).filter(Boolean)))
    add(type[1], `type ${type[0]}`);
  const parts = constants.map((constant) => {
    const { type, isSpread } = LISTS[constant];
    const found = doors.filter((door) => door.constant === constant);
    for (const { specifier, name } of found) add(specifier, name);
    const members = found.map(({ name }) => (isSpread ? `...${name}` : name)).join(', ');
    return `export const ${constant}${type ? `: readonly ${type[0]}[]` : ''} = [${members}];\n`;
  });
  return `${[...imports].map(([source, names]) => importLine(source, [...new Set(names)].sort())).join('')}\n${parts.join('\n')}`;
}

function importLine(source, names) {
  const isTypes = names.every((name) => name.startsWith('type '));
  const list = names.map((name) => (isTypes ? name.slice('type '.length) : name)).join(', ');
  return `import ${isTypes ? 'type ' : ''}{ ${list} } from '${source}';\n`;
}
