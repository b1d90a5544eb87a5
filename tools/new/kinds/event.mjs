/** A fact about an aggregate: its contract, version 1, in the events of the aggregate's room, and its golden. */
import { Refusal } from '../../launch/say.mjs';
import { addEvent, aggregatesIn, GOLDEN_STEP, refuseEvent, roomOfAggregate } from '../contracts.mjs';
import { nameOf } from '../names.mjs';

export const event = {
  usage: 'event TYPE [AGGREGATE]      order.archived; the aggregate unless it is the noun; a new one as ROOM/AGGREGATE',
  words: [1, 2],
  plan(plan, type, place = type.split('.')[0]) {
    const { aggregate, room } = placeOf(plan, place);
    const { file } = planEvent(plan, type, aggregate, room);
    return [
      GOLDEN_STEP(file),
      `emit it in the use case that makes it true: emit(tx, …, { id, version }, { ${aggregate}_id: id })`,
      'npm run gen, which adds it to the lists and to the reference',
    ];
  },
};

function placeOf(plan, place) {
  const [first, second, rest] = place.split('/');
  if (rest !== undefined) throw new Refusal(`the aggregate ${place}: write AGGREGATE or ROOM/AGGREGATE`);
  const aggregate = second ?? first;
  const room = roomOfAggregate(plan, aggregate);
  if (room !== undefined) return { aggregate, room };
  if (second === undefined)
    throw new Refusal(
      `there is no aggregate ${aggregate}; there are ${aggregatesIn(plan).join(', ')}; a new one needs its room: ROOM/${aggregate}`,
    );
  nameOf(aggregate.replaceAll('_', '-'), 'the aggregate');
  const isRoom = ['modules', 'engines'].some((kind) => plan.list(`libs/${kind}`).includes(first));
  if (!isRoom) throw new Refusal(`there is no room ${first} in libs/modules or libs/engines`);
  return { aggregate, room: first };
}

/** The event in the room of an existing aggregate. */
export function planEvent(plan, type, aggregate, room = roomOfAggregate(plan, aggregate)) {
  if (!/^[a-z]+(?:_[a-z]+)*\.[a-z]+(?:_[a-z]+)*$/.test(type))
    throw new Refusal(`the event ${type}: write noun.past_participle, as in order.archived`);
  refuseEvent(plan, type);
  return addEvent(plan, type, aggregate, room);
}
