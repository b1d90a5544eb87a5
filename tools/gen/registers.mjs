/**
 * The generated lists, not edited by hand: what all rooms state in their contracts, and the doors that each app opens. Runs before each
 * build. Writes the files that are not up to date; with --check it names them instead and ends with 1.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { root } from '../launch/places.mjs';
import { main } from '../launch/say.mjs';
import { readContracts } from './contracts.mjs';
import { doorsText, operatorRoomsText, readDoors } from './doors.mjs';

const isChecking = process.argv.includes('--check');
const header = (source) => `/** Made by \`npm run gen\` from ${source}. Do not edit. */\n`;

await main(async () => {
  const rooms = await readContracts();
  const doors = readDoors();
  const files = {
    'libs/contracts/rooms.ts': roomsFile(rooms),
    'libs/contracts/event-contracts.ts': eventsFile(rooms),
    'apps/vertical/doors.ts': doorsFile(doors, 'HTTP_DOORS', 'INSIGHT_TEXTS', 'OPERATOR_DOORS'),
    'apps/basecommerce/doors.ts': `${header('the doors of the rooms')}${operatorRoomsText(doors)}`,
    'apps/engines-worker/doors.ts': doorsFile(doors, 'CONSUMERS', 'PASSES'),
  };
  const stale = [];
  for (const [file, text] of Object.entries(files)) {
    const target = path.join(root, file);
    const content = await format(text, { ...(await resolveConfig(target)), filepath: target });
    if (existsSync(target) && readFileSync(target, 'utf8') === content) continue;
    stale.push(file);
    if (!isChecking) writeFileSync(target, content);
  }
  if (isChecking && stale.length > 0) {
    process.stdout.write(`${stale.join(', ')}: not up to date with the rooms; run npm run gen\n`);
    process.exitCode = 1;
  }
});

function roomsFile(rooms) {
  const aggregates = rooms.flatMap(({ name, events }) => events.map(({ aggregate }) => [aggregate, name]));
  const subscriptions = byName(rooms).flatMap(({ name, subscription }) => (subscription ? [[name, subscription]] : []));
  const permissions = rooms.flatMap((room) => Object.entries(room.permissions));
  const tags = rooms
    .flatMap((room) => Object.entries(room.tags))
    .sort(([a, { order: first }], [b, { order: second }]) => first - second || (a < b ? -1 : 1))
    .map(([name, { description }]) => [name, description]);
  return `${header('the folders beside this file')}import type { PermissionTable } from './roles.js';

/** Aggregate → the room whose events it has. */
export const AGGREGATES = ${literal(aggregates)} as const;

export type AggregateKind = keyof typeof AGGREGATES;

/** Consumer → the aggregates it consumes. */
export const SUBSCRIPTIONS = ${literal(subscriptions)} as const satisfies Record<string, readonly AggregateKind[]>;

export type ConsumerName = keyof typeof SUBSCRIPTIONS;

export const CONSUMER_NAMES = Object.keys(SUBSCRIPTIONS) as ConsumerName[];

export const PERMISSIONS = ${literal(permissions)} as const satisfies PermissionTable;

/** In the order in which the document of the API shows them. */
export const TAGS: Readonly<Record<string, string>> = ${literal(tags)};
`;
}

function eventsFile(rooms) {
  const speaking = byName(rooms).filter(({ events }) => events.length > 0);
  return `${header('the events of every room')}import type { EventContract } from './event.js';
${speaking.map(({ name }) => `import * as ${identifier(name)} from './${name}/events.js';\n`).join('')}
const rooms = { ${speaking.map(({ name }) => identifier(name)).join(', ')} };

export const EVENT_CONTRACTS: readonly EventContract[] = Object.values(rooms)
  .flatMap((room) => Object.values(room) as unknown[])
  .filter((value): value is EventContract => isContract(value));

function isContract(value: unknown): value is EventContract {
  return typeof value === 'object' && value !== null && 'aggregate' in value && 'data' in value && 'example' in value;
}
`;
}

function doorsFile(doors, ...constants) {
  return `${header('the doors of the rooms')}${doorsText(doors, constants)}`;
}

function literal(entries) {
  const members = [...new Map(entries)].map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return `{${members.length > 0 ? `\n${members.join(',\n')},\n` : ''}}`;
}

function byName(rooms) {
  return [...rooms].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function identifier(name) {
  return name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
}
