/** An event in the contracts: its aggregate in the lists, its file, and the golden it is held to from now on. */
import { z } from 'zod';
import { Refusal } from '../launch/say.mjs';
import { formsOf } from './names.mjs';

const FOLDER = 'libs/contracts/events';
const KINDS = /export type AggregateKind =([^;]*);/;

export function aggregatesIn(plan) {
  return [...(KINDS.exec(plan.read('libs/contracts/event.ts') ?? '')?.[1] ?? '').matchAll(/'(\w+)'/g)].map(
    ([, kind]) => kind,
  );
}

export function addAggregate(plan, aggregate) {
  const { path, camel } = formsOf(aggregate);
  plan.edit('libs/contracts/event.ts', KINDS, `export type AggregateKind =$1 | '${aggregate}';`);
  const index = `${FOLDER}/index.ts`;
  plan.addSorted(index, /^import \* as /, `import * as ${camel} from './${path}.js';`);
  plan.edit(index, /const rooms = \{([^}]*)\};/, (_, names) => {
    const rooms = [...names.split(',').map((name) => name.trim()), camel].filter(Boolean).sort();
    return `const rooms = { ${rooms.join(', ')} };`;
  });
}

/** The file in which an aggregate's events stand, which may be named after a bigger neighbour's. */
export function eventFileOf(plan, aggregate) {
  return plan
    .list(FOLDER)
    .map((name) => `${FOLDER}/${name}`)
    .find((file) => plan.read(file).includes(`aggregate: '${aggregate}'`));
}

export function refuseEvent(plan, type) {
  const isThere = plan.list(FOLDER).some((name) => plan.read(`${FOLDER}/${name}`).includes(`type: '${type}'`));
  if (isThere) throw new Refusal(`the event ${type} is there already; a change that breaks it is its next version`);
}

/** Members that are ids or text; the contract test writes the same schema from the contract itself. */
export function addGolden(plan, type, members) {
  const id = z.uuidv7().meta({ description: 'UUIDv7' });
  const shape = Object.fromEntries(members.map((name) => [name, name.endsWith('_id') ? id : z.string()]));
  plan.create(`tests/contracts/goldens/${type}.v1.json`, JSON.stringify(z.toJSONSchema(z.object(shape))));
}

export const GOLDEN_STEP = (file) =>
  `say what the event carries in ${file}; until it is published its golden may be made anew: delete it, then GOLDENS=write npm test -- tests/contracts/events`;
