/** Finds the fixtures of all rooms by their place, and the routes that they do not cover. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Operation } from '#contracts/operation';
import type { Fixture } from '#testing/fixture';

const LIBS = path.resolve(import.meta.dirname, '../../../libs');

export async function readFixtures(): Promise<Fixture> {
  const files = ['modules', 'engines'].flatMap((layer) =>
    readdirSync(path.join(LIBS, layer))
      .map((room) => path.join(LIBS, layer, room, 'fixture.ts'))
      .filter((file) => existsSync(file)),
  );
  const fixtures = await Promise.all(
    files.map(async (file) => ((await import(file)) as { readonly fixture: Fixture }).fixture),
  );
  return {
    items: union(fixtures.map(({ items }) => items)),
    bodies: union(fixtures.map(({ bodies }) => bodies)),
  };
}

function union<Value>(parts: readonly Readonly<Record<string, Value>>[]): Record<string, Value> {
  const all: Record<string, Value> = {};
  for (const [name, value] of parts.flatMap((part) => Object.entries(part))) {
    if (name in all) throw new Error(`two fixtures say what ${name} is`);
    all[name] = value;
  }
  return all;
}

/** `/quotes/:id/send` is an operation on the item of `quotes`. */
export const itemOf = ({ path: route }: Pick<Operation, 'path'>): string => route.split('/:')[0]!.slice(1);

/** One line for each operation that the fixtures do not cover, and for each entry that covers none. */
export function gapsIn({ items, bodies }: Fixture, operations: readonly Operation[]): string[] {
  const writing = operations.filter(({ method }) => method !== 'GET');
  const paths = new Set(operations.map(itemOf));
  const ids = new Set(writing.map(({ id }) => id));
  return [
    ...operations.filter((each) => !(itemOf(each) in items)).map(({ id }) => `${id}: no fixture creates its item`),
    ...writing.filter(({ id }) => !(id in bodies)).map(({ id }) => `${id}: no fixture has a body for it`),
    ...operations.filter(hasMoreParameters).map(({ id }) => `${id}: has two parameters, and a fixture makes one item`),
    ...Object.keys(items)
      .filter((name) => !paths.has(name))
      .map((name) => `the item ${name}: no operation has this path`),
    ...Object.keys(bodies)
      .filter((name) => !ids.has(name))
      .map((name) => `the body ${name}: no such operation on an item`),
  ];
}

const hasMoreParameters = ({ path: route }: Operation): boolean => route.split('/:').length > 2;
