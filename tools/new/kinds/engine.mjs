/**
 * A room of the business that advises: a consumer that keeps, in a table of its own, how often and when events of each
 * subject occurred. It gives no advice yet; write the advice on these rows.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../launch/places.mjs';
import { Refusal } from '../../launch/say.mjs';
import { aggregatesIn } from '../contracts.mjs';
import { nextMigration, refuseTable } from '../migrations.mjs';
import { nameOf } from '../names.mjs';
import { filled } from '../templates.mjs';

export const engine = {
  usage: 'engine NAME AGGREGATE…       pricing product order; the aggregates it hears',
  words: [2, 20],
  plan(plan, name, ...aggregates) {
    const room = nameOf(name, 'the engine');
    const home = `libs/engines/${room.path}`;
    if (existsSync(path.join(root, home))) throw new Refusal(`${home} is there already`);
    const known = aggregatesIn(plan);
    for (const aggregate of aggregates)
      if (!known.includes(aggregate))
        throw new Refusal(`there is no aggregate ${aggregate}; there are ${known.join(', ')}`);
    if (new Set(aggregates).size < aggregates.length) throw new Refusal('an aggregate is named twice');
    const table = `${room.snake}_engine_activity`;
    refuseTable(plan, table);

    const words = {
      engine: room.path,
      engine_words: room.words,
      consumer: room.camel,
      table,
      heard: aggregates.join(', '),
      aggregate: aggregates[0],
      subscribed: aggregates.map((aggregate) => `'${aggregate}'`).join(', '),
      consumed: aggregates.map((aggregate) => `\`${aggregate}\``).join(', '),
    };
    for (const file of ['worker.ts', 'domain/activity.ts', 'domain/activity.spec.ts', 'data/activity.ts'])
      plan.create(`${home}/${file}`, filled(`engine/${file.replace('/', '-')}`, words));
    plan.create(`${home}/README.md`, filled('engine/README.md', words));
    plan.create(`libs/contracts/${room.path}/subscription.ts`, filled('engine/contract-subscription.ts', words));
    plan.create(`${home}/usecases/apply-events.ts`, filled('engine/apply-events.ts', words));
    plan.create(`${home}/usecases/run-pass.ts`, filled('engine/run-pass.ts', words));
    plan.create(`${home}/${room.path}.int.spec.ts`, filled('engine/int.spec.ts', words));
    plan.create(nextMigration(plan, `${room.snake}_engine`), filled('engine/migration.sql', words));
    return [
      `say what it keeps and advises: ${home}; insights through reconcileInsights, their sentences in texts.ts, as in libs/engines/stock`,
      `write down how it decides in docs/engines/${room.path}.md`,
      'npm run gen, then npm run check',
    ];
  },
};
