/**
 * A room's fixture: what the attack on every route needs to know about the room's operations on one item. It stands in the
 * room's own folder as `fixture.ts`, is found there, and is no part of the build.
 */
import type { Row } from './rows.js';

export interface Fixture {
  /**
   * Creates the item behind a path, in the owner's store: by the path up to its parameter, without slashes at the ends.
   * `quotes` serves `/quotes/:id` and `/quotes/:id/send`. Texts of the item contain the word SECRET.
   */
  readonly items: Readonly<Record<string, (store: OwnStore) => Promise<Item>>>;
  /** A valid body for each operation on an item that is not a GET, by the operation's id. */
  readonly bodies: Readonly<Record<string, object>>;
}

export type Item = string | SharedName;

/** A parameter that names the same thing in every store, so that no store can address another's. */
export interface SharedName {
  readonly name: string;
  readonly because: string;
}

/** A store, seen by its owner. */
export interface OwnStore {
  readonly tenant: string;
  readonly owner: Client;
  /** The item of another path, created once for each store. */
  item(path: string): Promise<string>;
  /** A row of an item that no operation creates, with the rows that it refers to. Values are by table and column. */
  row(table: string, values?: Readonly<Record<string, Row>>): Promise<Row>;
}

interface Response {
  readonly status: number;
  readonly body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- bodies are read, not typed
}

export interface Client {
  get(path: string): Promise<Response>;
  post(path: string, body?: object): Promise<Response>;
  put(path: string, body: object): Promise<Response>;
}

/** The id in the answer. Throws when the operation was refused. */
export async function idOf(answer: Promise<Response>): Promise<string> {
  const { status, body } = await answer;
  if (status >= 300) throw new Error(`a fixture was refused: ${status} ${JSON.stringify(body)}`);
  return (body as { id: string }).id;
}
