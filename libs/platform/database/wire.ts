/**
 * Several statements, one round trip.
 *
 * The extended query protocol executes statements until a Sync, and everything between two Syncs outside an explicit
 * transaction is one implicit transaction. So `set_config('app.tenant_id', …, true)` followed by a statement and one
 * Sync isolates that statement without an extra round trip; and BEGIN or COMMIT can travel with the statement beside
 * them. An error skips the rest up to the Sync, so a guard that raises an error protects the statements after it.
 *
 *   Parse? Bind Execute · Parse? Bind Execute · … · Sync   →   rows, rows, …, ReadyForQuery
 *
 * The client keeps the statement names of each connection. After an error it is unknown whether the failing Parse was
 * kept, so the next use closes the name first (closing an unknown name is no error).
 */
import type pg from 'pg';
import { type Sql, SqlJson, type SqlValue } from './sql.js';
import { parserOf } from './types.js';

export interface StatementResult {
  rows: Record<string, unknown>[];
  /** Rows touched, from the command tag. */
  count: number;
}

interface Field {
  readonly name: string;
  readonly parse: (text: string) => unknown;
}

interface Known {
  state: 'ready' | 'unsure';
  fields: readonly Field[] | undefined;
  /** A row with every column and no values: copies of it share one hidden class from the start. */
  blank: Readonly<Record<string, unknown>>;
}

/** The part of pg's connection that a `Submittable` may use. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  parse(message: { name: string; text: string }): void;
  bind(message: { portal: string; statement: string; values: (string | Buffer | null)[] }): void;
  describe(message: { type: 'P'; name: string }): void;
  execute(message: { portal: string; rows?: number }): void;
  close(message: { type: 'S'; name: string }): void;
  sync(): void;
}

const knownStatements = new WeakMap<Wire, Map<string, Known>>();

/** Runs the statements in order on one connection with a single Sync; resolves with one result each. */
export function pipeline(client: pg.ClientBase, statements: readonly Sql[]): Promise<StatementResult[]> {
  return new Promise((resolve, reject) => {
    client.query(new Pipeline(statements, resolve, reject) as unknown as pg.Submittable);
  });
}

class Pipeline {
  /** pg asks custom queries for a callback when it applies its own timeouts. */
  callback: (() => void) | undefined;
  private readonly results: StatementResult[];
  private current = 0;
  private error: Error | undefined;
  /** The connection; undefined while the query waits for its turn, because a connection may break before. */
  private known: Map<string, Known> = new Map();

  constructor(
    private readonly statements: readonly Sql[],
    private readonly resolve: (results: StatementResult[]) => void,
    private readonly reject: (error: Error) => void,
  ) {
    this.results = statements.map(() => ({ rows: [], count: 0 }));
  }

  submit(wire: Wire): Error | null {
    this.known = knownStatements.get(wire) ?? new Map<string, Known>();
    knownStatements.set(wire, this.known);
    let bound: (string | Buffer | null)[][];
    try {
      bound = this.statements.map((statement) => statement.values.map(toWire));
    } catch (error) {
      return error as Error;
    }
    wire.stream.cork();
    try {
      this.statements.forEach((statement, index) => this.send(wire, statement, bound[index]!));
      wire.sync();
    } finally {
      wire.stream.uncork();
    }
    return null;
  }

  handleRowDescription(message: { fields: { name: string; dataTypeID: number }[] }): void {
    const fields = message.fields.map((field) => ({ name: field.name, parse: parserOf(field.dataTypeID) }));
    const statement = this.statement();
    statement.fields = fields;
    statement.blank = Object.fromEntries(fields.map((field) => [field.name, null]));
  }

  handleDataRow(message: { fields: (string | null)[] }): void {
    const { fields, blank } = this.statement();
    if (!fields) return;
    const row: Record<string, unknown> = { ...blank };
    for (let index = 0; index < fields.length; index++) {
      const field = fields[index]!;
      const text = message.fields[index];
      if (text !== null && text !== undefined) row[field.name] = field.parse(text);
    }
    this.results[this.current]!.rows.push(row);
  }

  handleCommandComplete(message: { text: string }): void {
    const result = this.results[this.current]!;
    result.count = Number(/ (\d+)$/.exec(message.text)?.[1] ?? 0);
    this.statement().state = 'ready';
    this.current += 1;
  }

  handleEmptyQuery(): void {
    this.current += 1;
  }

  handlePortalSuspended(): void {
    this.error ??= new Error('a portal was suspended although no row limit was asked for');
  }

  handleCopyInResponse(): void {
    this.error ??= new Error('COPY is not available here');
  }

  handleCopyData(): void {
    this.error ??= new Error('COPY is not available here');
  }

  handleError(error: Error): void {
    // pg forgets a query at its error, so no ReadyForQuery reaches this one; it holds back the next query until then.
    for (const statement of this.statements.slice(this.current)) {
      const known = this.known.get(statement.name);
      if (known) known.state = 'unsure';
    }
    this.reject(error);
  }

  handleReadyForQuery(): void {
    if (this.error) this.reject(this.error);
    else this.resolve(this.results);
    this.callback?.();
  }

  private send(wire: Wire, statement: Sql, values: (string | Buffer | null)[]): void {
    const known = this.known.get(statement.name);
    if (known?.state !== 'ready') {
      if (known) wire.close({ type: 'S', name: statement.name });
      wire.parse({ name: statement.name, text: statement.text });
      // From here on the name is known to later statements of the same pipeline; an error makes this uncertain again.
      this.known.set(statement.name, { state: 'ready', fields: undefined, blank: {} });
    }
    wire.bind({ portal: '', statement: statement.name, values });
    // The server repeats the row description on demand only: once per connection and statement is enough.
    if (!this.known.get(statement.name)?.fields) wire.describe({ type: 'P', name: '' });
    wire.execute({ portal: '' });
  }

  private statement(): Known {
    return this.known.get(this.statements[this.current]!.name)!;
  }
}

/** JavaScript value → the text form PostgreSQL reads (arrays as array literals). */
export function toWire(value: SqlValue): string | Buffer | null {
  if (value === null) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof SqlJson) return JSON.stringify(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (Array.isArray(value)) return arrayLiteral(value as readonly (string | number | bigint | boolean | null)[]);
  throw new TypeError(`not a value for SQL: ${typeof value}`);
}

function arrayLiteral(items: readonly (string | number | bigint | boolean | null)[]): string {
  let text = '{';
  for (let index = 0; index < items.length; index++) {
    if (index > 0) text += ',';
    const item = items[index]!;
    if (item === null) text += 'NULL';
    else if (typeof item === 'string') text += `"${escaped(item)}"`;
    else text += String(item);
  }
  return text + '}';
}

/** Most values are ids, and a search is several times faster than a replacement without a match. */
function escaped(item: string): string {
  return item.includes('"') || item.includes('\\') ? item.replace(/[\\"]/g, '\\$&') : item;
}
