/**
 * A room of the business that acts, after the exemplar: contracts, a README, a table, states, two use cases and a door.
 * The lists of all rooms are made from these files, so no existing file changes. It works as it is; replace the name
 * and the two states with those of the business.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../launch/places.mjs';
import { Refusal } from '../../launch/say.mjs';
import { addGolden, aggregatesIn } from '../contracts.mjs';
import { nextMigration, refuseTable } from '../migrations.mjs';
import { nameOf, pluralOf } from '../names.mjs';
import { filled } from '../templates.mjs';

export const module = {
  usage: 'module NAME [ITEMS]         deliveries; what it holds unless the name says it: logistics deliveries',
  words: [1, 2],
  plan(plan, name, items = name) {
    const room = nameOf(name, 'the module');
    const { many, one } = pluralOf(items, items === name ? 'the module' : 'the items');
    const home = `libs/modules/${room.path}`;
    if (existsSync(path.join(root, home))) throw new Refusal(`${home} is there already`);
    refuseTable(plan, many.snake);
    if (aggregatesIn(plan).includes(one.snake)) throw new Refusal(`the aggregate ${one.snake} is there already`);

    const words = wordsOf(room, many, one);
    for (const [template, file] of filesOf(home, room, many, one))
      plan.create(file, filled(`module/${template}`, words));
    plan.create(nextMigration(plan, room.snake), filled('module/migration.sql', words));
    for (const participle of ['created', 'closed'])
      addGolden(plan, `${one.snake}.${participle}`, [`${one.snake}_id`, 'name']);
    return [
      `say what ${one.withArticle} is: ${home}, its README, libs/contracts/${room.path}, the migration; then write the goldens again`,
      `decide who may: ${one.snake}.read and ${one.snake}.manage in libs/contracts/${room.path}/permissions.ts`,
      'npm run gen, then npm run check',
    ];
  },
};

function wordsOf(room, many, one) {
  return {
    module: room.path,
    Module: room.pascal,
    Module_title: room.title,
    item: one.camel,
    Item: one.pascal,
    ITEM: one.upper,
    item_name: one.snake,
    item_path: one.path,
    item_words: one.words,
    an_item: one.withArticle,
    Items: many.pascal,
    items_path: many.path,
    items_key: /^\w+$/.test(many.path) ? many.path : `'${many.path}'`,
    items_words: many.words,
    table: many.snake,
    tag: many.title,
    Item_title: one.title,
  };
}

function filesOf(home, room, many, one) {
  return [
    ['contract-operations.ts', `libs/contracts/${room.path}/operations.ts`],
    ['contract-events.ts', `libs/contracts/${room.path}/events.ts`],
    ['contract-permissions.ts', `libs/contracts/${room.path}/permissions.ts`],
    ['README.md', `${home}/README.md`],
    ['index.ts', `${home}/index.ts`],
    ['http.ts', `${home}/http.ts`],
    ['view.ts', `${home}/view.ts`],
    ['errors.ts', `${home}/errors.ts`],
    ['data.ts', `${home}/data/${many.path}.ts`],
    ['domain.ts', `${home}/domain/${one.path}.ts`],
    ['domain.spec.ts', `${home}/domain/${one.path}.spec.ts`],
    ['create.ts', `${home}/usecases/create-${one.path}.ts`],
    ['close.ts', `${home}/usecases/close-${one.path}.ts`],
    ['fixture.ts', `${home}/fixture.ts`],
    ['int.spec.ts', `${home}/${room.path}.int.spec.ts`],
  ];
}
