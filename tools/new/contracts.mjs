/** Reads the parts of libs/contracts that a new piece must fit: aggregates, events, and the golden files of events. */
import { z } from 'zod';
import { Refusal } from '../launch/say.mjs';
import { capital, formsOf } from './names.mjs';
import { filled } from './templates.mjs';

const FOLDER = 'libs/contracts';

function eventFiles(plan) {
  return plan
    .list(FOLDER)
    .map((room) => ({ room, file: `${FOLDER}/${room}/events.ts` }))
    .filter(({ file }) => plan.read(file) !== undefined);
}

export function aggregatesIn(plan) {
  const kinds = eventFiles(plan).flatMap(({ file }) => [...plan.read(file).matchAll(/^ {2}aggregate: '(\w+)'/gm)]);
  return [...new Set(kinds.map(([, kind]) => kind))].sort();
}

/** The room whose events an aggregate has. Undefined when there is no such aggregate. */
export function roomOfAggregate(plan, aggregate) {
  return eventFiles(plan).find(({ file }) => plan.read(file).includes(`aggregate: '${aggregate}'`))?.room;
}

/**
 * Adds version 1 of an event to the events of its room, to the room's README and to the goldens. Returns the file and the name
 * of the contract's constant.
 */
export function addEvent(plan, type, aggregate, room) {
  const [noun, participle] = type.split('.');
  const { camel: name } = formsOf(`${noun}_${participle}`);
  const words = {
    type,
    aggregate,
    event: name,
    summary: `${capital(formsOf(noun).withArticle)} was ${formsOf(participle).words}.`,
  };
  const file = `${FOLDER}/${room}/events.ts`;
  if (plan.read(file) === undefined) {
    plan.create(file, filled('event/heading.ts', words) + filled('event/event.ts', words));
  } else {
    for (const needed of [
      /import \{ z \} from 'zod'/,
      /import \{ defineEvent \}/,
      /import \{[^}]*\bid\b[^}]*\} from '..\/scalars/,
    ])
      if (!needed.test(plan.read(file))) throw new Refusal(`${file} is not as expected: no ${needed}`);
    plan.edit(file, /\n$/, `\n\n${filled('event/event.ts', words)}`);
  }
  addToReadme(plan, room, type);
  addGolden(plan, type, [`${aggregate}_id`]);
  return { file, name };
}

export function refuseEvent(plan, type) {
  const isThere = eventFiles(plan).some(({ file }) => plan.read(file).includes(`type: '${type}'`));
  if (isThere) throw new Refusal(`the event ${type} is there already; a change that breaks it is its next version`);
}

function addToReadme(plan, room, type) {
  const file = ['modules', 'engines'].map((kind) => `libs/${kind}/${room}/README.md`).find((path) => plan.read(path));
  if (!file) return;
  plan.edit(file, /(## Emits\n\n)((?:.+\n)+)/, (_, heading, list) =>
    /^Nothing/.test(list)
      ? `${heading}\`${type}\`.\n`
      : `${heading}${list.trimEnd().replace(/\.$/, '')}, \`${type}\`.\n`,
  );
}

/** Members that are ids or text; the contract test writes the same schema from the contract itself. */
export function addGolden(plan, type, members) {
  const id = z.uuidv7().meta({ description: 'UUIDv7' });
  const shape = Object.fromEntries(members.map((name) => [name, name.endsWith('_id') ? id : z.string()]));
  plan.create(`tests/contracts/goldens/${type}.v1.json`, JSON.stringify(z.toJSONSchema(z.object(shape))));
}

export const GOLDEN_STEP = (file) =>
  `say what the event carries in ${file}; until it is published its golden may be written again: delete it, then GOLDENS=write npm test -- tests/contracts/events`;
