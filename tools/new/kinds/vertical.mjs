/** A trade: its vocabulary, and a demo that runs the same use cases as people's requests. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../launch/places.mjs';
import { Refusal } from '../../launch/say.mjs';
import { nameOf } from '../names.mjs';
import { filled } from '../templates.mjs';

export const vertical = {
  usage: 'vertical NAME                garden',
  words: [1, 1],
  plan(plan, name) {
    const trade = nameOf(name, 'the vertical');
    const home = `libs/verticals/${trade.path}`;
    if (existsSync(path.join(root, home))) throw new Refusal(`${home} is there already`);
    const words = { vertical: trade.path, vertical_words: trade.words, Title: trade.title };
    for (const file of ['index.ts', 'vertical.ts', 'demo/catalogue.ts', 'demo/catalogue.spec.ts', 'demo/history.ts'])
      plan.create(`${home}/${file}`, filled(`vertical/${path.basename(file)}`, words));
    return [
      `say what its stores sell: ${home}/demo/catalogue.ts`,
      `seed it: in prisma/seed/main.ts import DEMO_PEOPLE, DEMO_STORES and liveThrough from '#verticals/${trade.path}'`,
      `to run it, its name stands where construction does: apps/vertical/main.ts, apps/engines-worker/app.module.ts, apps/outbox-relay/app.module.ts, and the streams in libs/contracts/asyncapi.ts; then npm run gen`,
    ];
  },
};
