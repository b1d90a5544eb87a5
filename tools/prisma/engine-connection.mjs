/**
 * Connects Prisma's WebAssembly schema engine to PostgreSQL. Prisma's own adapter is made for applications and is not
 * sufficient for the engine: it does not know the type "char", which is frequent in the catalogue, and it splits
 * scripts at every semicolon, which breaks function bodies. The engine needs a handful of types and four calls, which
 * is this file.
 */
import { randomUUID } from 'node:crypto';
import { ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import pg from 'pg';

const asIs = (text) => text;
/** The parser of `text[]`, whose type number is missing in the package's list of names. */
const textArray = pg.types.getTypeParser(/** @type {any} */ (1009), 'text');
const listOf = (item) => (text) => textArray(text).map((entry) => (entry === null ? null : item(entry)));
const isTrue = (text) => text === 't' || text === 'true';
const instant = (text) => new Date(/[+-]\d\d(:?\d\d)?$/.test(text) ? text : `${text}Z`).toISOString();

/** PostgreSQL's type number → the engine's name for it, and the parser of its text. */
const TYPES = new Map([
  [16, [ColumnTypeEnum.Boolean, isTrue]],
  [18, [ColumnTypeEnum.Character, asIs]],
  [20, [ColumnTypeEnum.Int64, asIs]],
  [21, [ColumnTypeEnum.Int32, Number]],
  [23, [ColumnTypeEnum.Int32, Number]],
  [26, [ColumnTypeEnum.Int64, asIs]],
  [700, [ColumnTypeEnum.Float, Number]],
  [701, [ColumnTypeEnum.Double, Number]],
  [1114, [ColumnTypeEnum.DateTime, instant]],
  [1184, [ColumnTypeEnum.DateTime, instant]],
  [1000, [ColumnTypeEnum.BooleanArray, listOf(isTrue)]],
  [1002, [ColumnTypeEnum.CharacterArray, listOf(asIs)]],
  [1005, [ColumnTypeEnum.Int32Array, listOf(Number)]],
  [1007, [ColumnTypeEnum.Int32Array, listOf(Number)]],
  [1016, [ColumnTypeEnum.Int64Array, listOf(asIs)]],
  [1028, [ColumnTypeEnum.Int64Array, listOf(asIs)]],
  [1003, [ColumnTypeEnum.TextArray, listOf(asIs)]],
  [1009, [ColumnTypeEnum.TextArray, listOf(asIs)]],
  [1015, [ColumnTypeEnum.TextArray, listOf(asIs)]],
]);
const TEXT = [ColumnTypeEnum.Text, asIs];
const rawTypes = { getTypeParser: () => asIs };

export class EngineConnections {
  provider = 'postgres';
  adapterName = 'basecommerce-schema-engine';

  constructor({ url, shadowDatabaseUrl }) {
    this.url = url;
    this.shadowUrl = shadowDatabaseUrl;
  }

  connect() {
    if (!this.url) throw new Error('DATABASE_URL is not set');
    return open(this.url);
  }

  /** The database in which migrations are replayed: the given one, or a new one that is dropped afterwards. */
  async connectToShadowDb() {
    if (this.shadowUrl) return open(this.shadowUrl);
    const admin = new pg.Client(plainUrl(this.url));
    await admin.connect();
    const name = `prisma_shadow_${randomUUID().replaceAll('-', '')}`;
    await admin.query(`create database ${name}`);
    const url = new URL(this.url);
    url.pathname = `/${name}`;
    return open(url.toString(), async () => {
      await admin.query(`drop database ${name} with (force)`);
      await admin.end();
    });
  }
}

/** Parameters that Prisma knows and a PostgreSQL client does not. */
export function plainUrl(url) {
  const plain = new URL(url);
  for (const name of ['schema', 'connection_limit', 'pool_timeout', 'pgbouncer', 'connect_timeout', 'socket_timeout'])
    plain.searchParams.delete(name);
  return plain.toString();
}

async function open(url, afterwards = async () => {}) {
  const client = new pg.Client({ connectionString: plainUrl(url), application_name: 'prisma' });
  await client.connect();
  return new EngineConnection(client, new URL(url).searchParams.get('schema') ?? 'public', afterwards);
}

class EngineConnection {
  provider = 'postgres';
  adapterName = 'basecommerce-schema-engine';

  constructor(client, schemaName, afterwards) {
    this.client = client;
    this.schemaName = schemaName;
    this.afterwards = afterwards;
  }

  getConnectionInfo() {
    return { schemaName: this.schemaName, supportsRelationJoins: true };
  }

  async queryRaw({ sql, args }) {
    const { fields, rows } = await this.client.query({ text: sql, values: args, rowMode: 'array', types: rawTypes });
    const types = fields.map((field) => TYPES.get(field.dataTypeID) ?? TEXT);
    return {
      columnNames: fields.map((field) => field.name),
      columnTypes: types.map(([type]) => type),
      rows: rows.map((row) => row.map((text, index) => (text === null ? null : types[index][1](text)))),
    };
  }

  async executeRaw({ sql, args }) {
    return (await this.client.query(sql, args)).rowCount ?? 0;
  }

  async executeScript(script) {
    await this.client.query(script);
  }

  async dispose() {
    await this.client.end();
    await this.afterwards();
  }
}
