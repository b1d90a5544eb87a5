/** A store in which the fixtures create their items, and all its rows in the database. */
import type pg from 'pg';
import type { Client, Fixture, Item, OwnStore } from '#testing/fixture';
import { type Row, RowMaker } from '#testing/rows';
import { tenantTables } from '../catalogue/attack.js';

export class Store implements OwnStore {
  private readonly made = new Map<string, Promise<Item>>();
  private readonly values: Record<string, Row> = {};
  private readonly rows: RowMaker;

  /** `superuser` sees every row. */
  constructor(
    readonly owner: Client,
    readonly tenant: string,
    private readonly fixture: Fixture,
    private readonly superuser: pg.Client,
  ) {
    this.rows = new RowMaker(superuser, this.values);
  }

  readonly item = async (name: string): Promise<string> => {
    const item = await this.create(name);
    return typeof item === 'string' ? item : item.name;
  };

  readonly row = (table: string, values: Readonly<Record<string, Row>> = {}): Promise<Row> => {
    Object.assign(this.values, values);
    return this.rows.rowOf(table, this.tenant);
  };

  /** Creates the item on the first call. */
  create(name: string): Promise<Item> {
    let item = this.made.get(name);
    if (!item) this.made.set(name, (item = this.fixture.items[name]!(this)));
    return item;
  }

  /** All rows of the store as text, by table. */
  async contents(): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const { name, key } of await tenantTables(this.superuser)) {
      const { rows } = await this.superuser.query<{ line: string }>(
        `select t::text as line from ${name} t where ${key} = $1 order by 1`,
        [this.tenant],
      );
      found[name] = rows.map(({ line }) => line).join('\n');
    }
    return found;
  }
}
