/**
 * A room of the business that acts, after the exemplar: operations, events, a table, states, two use cases and a door,
 * registered with permissions, tags, aggregates and the vertical. It works as it is; what the room is really about
 * replaces the name and the two states.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../launch/places.mjs';
import { Refusal } from '../../launch/say.mjs';
import { addAggregate, addGolden, aggregatesIn } from '../contracts.mjs';
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
    register(plan, room, many, one);
    return [
      `say what ${one.withArticle} is: ${home}, libs/contracts/http/${room.path}.ts, libs/contracts/events/${one.path}.ts, the migration; then make the goldens anew`,
      `decide who may: ${one.snake}.read and ${one.snake}.manage in libs/contracts/permissions.ts`,
      'npm run gen, then npm run check',
    ];
  },
};

function wordsOf(room, many, one) {
  return {
    module: room.path,
    Module: room.pascal,
    item: one.camel,
    Item: one.pascal,
    ITEM: one.upper,
    item_name: one.snake,
    item_path: one.path,
    item_words: one.words,
    an_item: one.withArticle,
    Items: many.pascal,
    items_path: many.path,
    items_words: many.words,
    table: many.snake,
    tag: many.title,
    Item_title: one.title,
  };
}

function filesOf(home, room, many, one) {
  return [
    ['contract-http.ts', `libs/contracts/http/${room.path}.ts`],
    ['contract-events.ts', `libs/contracts/events/${one.path}.ts`],
    ['index.ts', `${home}/index.ts`],
    ['http.ts', `${home}/http.ts`],
    ['view.ts', `${home}/view.ts`],
    ['errors.ts', `${home}/errors.ts`],
    ['data.ts', `${home}/data/${many.path}.ts`],
    ['domain.ts', `${home}/domain/${one.path}.ts`],
    ['domain.spec.ts', `${home}/domain/${one.path}.spec.ts`],
    ['create.ts', `${home}/usecases/create-${one.path}.ts`],
    ['close.ts', `${home}/usecases/close-${one.path}.ts`],
    ['int.spec.ts', `${home}/${room.path}.int.spec.ts`],
  ];
}

function register(plan, room, many, one) {
  addAggregate(plan, one.snake);
  plan.edit(
    'libs/contracts/permissions.ts',
    /(?=\} as const satisfies Record<string, readonly Role\[\]>)/,
    `  '${one.snake}.read': desk,\n  '${one.snake}.manage': ['owner', 'manager'],\n`,
  );
  const tags = 'libs/contracts/tags.ts';
  const key = many.title.includes(' ') ? `'${many.title}'` : many.title;
  if (plan.read(tags).includes(`  ${key}: `)) throw new Refusal(`the tag ${many.title} is there already`);
  plan.edit(tags, /(?=\n\};\n$)/, `\n  ${key}: 'The ${many.words} of the store, open and closed.',`);
  // What another store may not see, touch or list is tried on the new operations too.
  const attack = 'tests/tenancy/routes.int.spec.ts';
  plan.edit(
    attack,
    /(?=\n    insights: insight,)/,
    `\n    '${many.path}': (await owner.post('/${many.path}', { name: 'SECRET ${one.words}' })).body.id,`,
  );
  plan.edit(attack, /(?=\n  insightDone: \{\},)/, `\n  close${one.pascal}: {},`);
  const vertical = 'apps/vertical/app.module.ts';
  plan.addSorted(
    vertical,
    /^import .* from '#modules\//,
    `import { ${room.pascal}Http } from '#modules/${room.path}/http';`,
  );
  plan.edit(vertical, /(?=\n +LiveModule,)/, `\n        ${room.pascal}Http,`);
}
