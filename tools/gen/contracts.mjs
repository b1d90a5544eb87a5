/**
 * Reads libs/contracts/<room>: events, permissions, subscription, tags and operations. It reads the sources, so it
 * works before a build and before a generated list contains a new room.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { root } from '../launch/places.mjs';
import { Refusal } from '../launch/say.mjs';

const FOLDER = path.join(root, 'libs/contracts');
/** Contracts import only this; its sources are read as well, because there may be no build yet. */
const KERNEL = path.join(root, 'libs/kernel');
/** Inside the project, so that its packages are found. */
const COPY = path.join(root, 'dist', `.contracts-${process.pid}`);
const PARTS = ['events', 'operations', 'permissions', 'subscription'];

/**
 * The rooms in the order of their first tag, those without a tag last:
 * `{ name, hasEvents, events, operations, permissions, subscription, tags }`. Throws a Refusal that names what two rooms
 * claim, or what a room refers to and no room has.
 */
export async function readContracts() {
  try {
    translate();
    const rooms = await Promise.all(roomNames().map(readRoom));
    rooms.sort((a, b) => firstOrder(a) - firstOrder(b) || (a.name < b.name ? -1 : 1));
    assertConsistent(rooms);
    return rooms;
  } finally {
    rmSync(COPY, { recursive: true, force: true });
  }
}

function roomNames() {
  return readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** TypeScript to JavaScript file by file, without types: an outdated list of literal types cannot disturb it. */
function translate() {
  const kernel = path.join(COPY, 'kernel');
  translateFolder(FOLDER, COPY, kernel);
  translateFolder(KERNEL, kernel, kernel);
}

function translateFolder(from, to, kernel) {
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  for (const entry of readdirSync(from, { recursive: true })) {
    const file = String(entry);
    if (!file.endsWith('.ts') || file.endsWith('.spec.ts')) continue;
    const text = readFileSync(path.join(from, file), 'utf8');
    const target = path.join(to, file.replace(/\.ts$/, '.js'));
    mkdirSync(path.dirname(target), { recursive: true });
    const { outputText } = ts.transpileModule(text, { compilerOptions: options, fileName: file });
    const door = path.relative(path.dirname(target), path.join(kernel, 'index.js')).split(path.sep).join('/');
    writeFileSync(target, outputText.replaceAll("'#kernel'", `'${door.startsWith('.') ? door : `./${door}`}'`));
  }
}

async function readRoom(name) {
  const { events, operations, permissions, subscription } = Object.fromEntries(
    await Promise.all(PARTS.map(async (part) => [part, await readPart(name, part)])),
  );
  return {
    name,
    hasEvents: events !== undefined,
    events: Object.values(events ?? {}).filter((value) => isObject(value) && 'aggregate' in value),
    operations: Object.values(operations ?? {}).filter((value) => isObject(value) && 'method' in value),
    permissions: permissions?.permissions ?? {},
    subscription: subscription?.subscription,
    tags: operations?.tags ?? {},
  };
}

async function readPart(room, part) {
  const file = path.join(COPY, room, `${part}.js`);
  if (!existsSync(file)) return undefined;
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    throw new Refusal(`libs/contracts/${room}/${part}.ts cannot be read: ${error.message}`);
  }
}

/** Throws a Refusal that names what two rooms claim, or what a room refers to and no room has. */
export function assertConsistent(rooms) {
  const aggregates = ownersOf(rooms, 'aggregate', (room) => new Set(room.events.map(({ aggregate }) => aggregate)));
  ownersOf(rooms, 'event', (room) => room.events.map(({ type, version }) => `${type} v${version}`));
  ownersOf(rooms, 'operation', (room) => room.operations.map(({ id }) => id));
  const permissions = ownersOf(rooms, 'permission', (room) => Object.keys(room.permissions));
  const tags = ownersOf(rooms, 'tag', (room) => Object.keys(room.tags));
  for (const { name, operations, subscription = [] } of rooms) {
    for (const { id, access, tag } of operations) {
      const isKnown = ['public', 'signed_in'].includes(access) || permissions.has(access);
      if (!isKnown) throw new Refusal(`libs/contracts/${name}: ${id} asks for ${access}, a permission of no room`);
      if (!tags.has(tag)) throw new Refusal(`libs/contracts/${name}: ${id} has the tag ${tag}, a tag of no room`);
    }
    for (const aggregate of subscription)
      if (!aggregates.has(aggregate))
        throw new Refusal(`libs/contracts/${name}: it subscribes to ${aggregate}, an aggregate of no room`);
  }
}

function ownersOf(rooms, what, namesOf) {
  const owners = new Map();
  for (const room of rooms) {
    for (const name of namesOf(room)) {
      if (owners.has(name))
        throw new Refusal(
          `the ${what} ${name} is in libs/contracts/${owners.get(name)} and libs/contracts/${room.name}`,
        );
      owners.set(name, room.name);
    }
  }
  return owners;
}

function firstOrder(room) {
  return Math.min(...Object.values(room.tags).map(({ order }) => order));
}

function isObject(value) {
  return typeof value === 'object' && value !== null;
}
