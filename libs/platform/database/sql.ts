/**
 * SQL as values. `` sql`select … where id = ${id}` `` binds every interpolation as a parameter, so text never mixes with
 * input, and gives the statement a stable name, so that each connection parses and plans it once.
 */
import { createHash } from 'node:crypto';

export type SqlValue =
  | string
  | number
  | bigint
  | boolean
  | Date
  | Uint8Array
  | null
  | readonly (string | number | bigint | boolean | null)[]
  | SqlJson;

/** A JSON parameter. Wrapped, so that an array of strings is never mistaken for a JSON array. */
export class SqlJson {
  constructor(readonly value: unknown) {}
}

export interface Sql<Row = unknown> {
  readonly name: string;
  readonly text: string;
  readonly values: readonly SqlValue[];
  /** A phantom member: the type of a row. */
  readonly row?: Row;
}

interface Prepared {
  readonly name: string;
  readonly text: string;
}

const prepared = new WeakMap<TemplateStringsArray, Prepared>();

/** `Row` states what the statement returns. Make it with `Row` of rows.ts, so that it follows the schema. */
export function sql<Row = Record<string, unknown>>(parts: TemplateStringsArray, ...values: SqlValue[]): Sql<Row> {
  let statement = prepared.get(parts);
  if (!statement) {
    statement = prepare(parts);
    prepared.set(parts, statement);
  }
  return { name: statement.name, text: statement.text, values };
}

/** A statement whose text is put together from constants of the code (a column list, a table name of a registry). */
export function composedSql<Row = Record<string, unknown>>(text: string, values: readonly SqlValue[] = []): Sql<Row> {
  return { name: nameOf(text), text, values };
}

export function json(value: unknown): SqlJson {
  return new SqlJson(value);
}

function prepare(parts: TemplateStringsArray): Prepared {
  const text = parts.reduce((all, part, index) => (index === 0 ? part : `${all}$${index}${part}`), '');
  return { name: nameOf(text), text };
}

const names = new Map<string, string>();

/** Texts are constants of the code or made of them, so there are only so many. */
function nameOf(text: string): string {
  let name = names.get(text);
  if (!name) {
    name = createHash('sha1').update(text).digest('base64url').slice(0, 16);
    names.set(text, name);
  }
  return name;
}
