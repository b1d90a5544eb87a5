/** A fact about an aggregate: its contract, version 1, among its aggregate's others, and its golden. */
import { Refusal } from '../../launch/say.mjs';
import { addAggregate, addGolden, aggregatesIn, eventFileOf, GOLDEN_STEP, refuseEvent } from '../contracts.mjs';
import { capital, formsOf, nameOf } from '../names.mjs';
import { filled } from '../templates.mjs';

export const event = {
  usage: 'event TYPE [AGGREGATE]      order.archived; the aggregate unless it is the noun: sale.refunded order',
  words: [1, 2],
  plan(plan, type, aggregate = type.split('.')[0]) {
    const { file } = planEvent(plan, type, aggregate);
    return [
      GOLDEN_STEP(file),
      `emit it in the use case that makes it true: emit(tx, …, { id, version }, { ${aggregate}_id: id })`,
      'npm run gen, which tells the reference of it',
    ];
  },
};

export function planEvent(plan, type, aggregate) {
  const [noun, participle] = /^([a-z]+(?:_[a-z]+)*)\.([a-z]+(?:_[a-z]+)*)$/.exec(type)?.slice(1) ?? [];
  if (!noun) throw new Refusal(`the event ${type}: write noun.past_participle, as in order.archived`);
  const isKnown = aggregatesIn(plan).includes(aggregate);
  if (!isKnown) nameOf(aggregate.replaceAll('_', '-'), 'the aggregate');
  refuseEvent(plan, type);
  const { camel: name } = formsOf(`${noun}_${participle}`);
  const words = {
    type,
    aggregate,
    event: name,
    summary: `${capital(formsOf(noun).withArticle)} was ${formsOf(participle).words}.`,
  };
  let file = eventFileOf(plan, aggregate);
  if (file === undefined) {
    file = `libs/contracts/events/${formsOf(aggregate).path}.ts`;
    if (!isKnown) addAggregate(plan, aggregate);
    plan.create(file, filled('event/heading.ts', words) + filled('event/event.ts', words));
  } else {
    for (const needed of [
      /import \{ z \} from 'zod'/,
      /import \{ defineEvent \}/,
      /import \{[^}]*\bid\b[^}]*\} from '..\/scalars/,
    ])
      if (!needed.test(plan.read(file))) throw new Refusal(`${file} is not as expected: no ${needed}`);
    plan.edit(file, /\n$/, `\n${filled('event/event.ts', words)}`);
  }
  addGolden(plan, type, [`${aggregate}_id`]);
  return { file, name };
}
