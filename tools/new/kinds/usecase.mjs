/**
 * One verb on an item that has a table: it locks the item, raises its version and emits an event. Add the decision and
 * the changes between.
 */
import { Refusal } from '../../launch/say.mjs';
import { aggregatesIn, GOLDEN_STEP } from '../contracts.mjs';
import { tablesIn } from '../migrations.mjs';
import { formsOf, nameOf, singular } from '../names.mjs';
import { filled } from '../templates.mjs';
import { planEvent } from './event.mjs';

export const usecase = {
  usage: 'usecase MODULE/VERB-NOUN EVENT   orders/archive-order order.archived',
  words: [2, 2],
  plan(plan, place, type) {
    const [name, verb, rest] = place.split('/');
    if (!verb || rest !== undefined) throw new Refusal(`the use case ${place}: write orders/archive-order`);
    const room = nameOf(name, 'the module').path;
    const act = nameOf(verb, 'the use case');
    const one = formsOf(act.path.split('-').slice(1).join('-') || '-');
    if (one.path === '-') throw new Refusal(`the use case ${verb}: write verb and noun, as in archive-order`);
    const home = `libs/modules/${room}`;
    for (const file of ['errors.ts', 'index.ts'])
      if (plan.read(`${home}/${file}`) === undefined) throw new Refusal(`${home}/${file} is not there`);
    const table = tableOf(plan, one.snake, room);
    if (!aggregatesIn(plan).includes(one.snake)) throw new Refusal(`there is no aggregate ${one.snake} to say it of`);

    const file = `${home}/usecases/${act.path}`;
    const words = { act: act.camel, Act: act.pascal, act_path: act.path, item: one.camel, item_name: one.snake, table };
    plan.create(`${file}.int.spec.ts`, filled('usecase/usecase.int.spec.ts', { ...words, an_item: one.withArticle }));
    const said = planEvent(plan, type, one.snake);
    const eventFile = said.file.replace(/^libs\/contracts\/|\.ts$/g, '');
    plan.create(`${file}.ts`, filled('usecase/usecase.ts', { ...words, event: said.name, event_file: eventFile }));
    plan.addSorted(
      `${home}/index.ts`,
      /^export \{.* from /,
      `export { ${act.camel} } from './usecases/${act.path}.js';`,
    );
    addErrors(plan, `${home}/errors.ts`, one);
    return [
      `decide and save in ${file}.ts, between the lock and the version`,
      GOLDEN_STEP(said.file),
      `give it an operation in libs/contracts/${room}/operations.ts and a method in ${home}/http.ts, or keep it for neighbours only`,
      'npm run gen, then npm run check',
    ];
  },
};

function tableOf(plan, item, room) {
  const found = tablesIn(plan).find(({ table }) => singular(table) === item);
  if (!found) throw new Refusal(`there is no table of the noun ${item} in prisma/migrations`);
  if (formsOf(found.room).path !== room)
    throw new Refusal(`the table ${found.table} belongs to the room ${found.room}, not to ${room}`);
  for (const column of ['tenant_id', 'version', 'changed_at'])
    if (!new RegExp(`^  ${column} `, 'm').test(found.columns)) throw new Refusal(`${found.table} has no ${column}`);
  return found.table;
}

function addErrors(plan, file, one) {
  const wanted = {
    [`${one.snake}_not_found`]: `['not_found', 'There is no such ${one.words}.']`,
    version_conflict: `['precondition_failed', 'The ${one.words} changed since you read it.']`,
  };
  for (const [code, meaning] of Object.entries(wanted))
    if (!plan.read(file).includes(`  ${code}: `)) plan.edit(file, /(?=\n\}\);\n)/, `\n  ${code}: ${meaning},`);
}
