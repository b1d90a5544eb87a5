/**
 * Row types that follow the schema. `Row<'quotes', 'id' | 'total_minor'>` is what a statement that selects these columns
 * returns; a column that is dropped or renamed is a compile error at each such type. Computed columns are added by hand:
 * `Row<'quotes', 'id'> & { now: Date }`.
 *
 * Column types as they arrive: int8 bigint · numeric string · timestamptz Date · date string (`YYYY-MM-DD`) · uuid string ·
 * bytea Buffer · json and jsonb unknown, because only the statement's room knows the shape. tools/prisma/tables.int.spec.mjs
 * compares all of them with what PostgreSQL returns.
 */
import type { Tables } from './prisma-client/tables.js';

export type TableName = keyof Tables;

type ColumnOf<Table extends TableName> = keyof Tables[Table];

/** A column's type on its own, for an alias: `{ owner_name: Column<'users', 'name'> }`. */
export type Column<Table extends TableName, Name extends ColumnOf<Table>> = Tables[Table][Name];

/**
 * The named columns of a table. `Refined` states a narrower type than the column's, for a text with few possible values
 * or for the structure of a JSON column: `Row<'quotes', 'id', { state: QuoteState }>`. Its keys are columns of the
 * table as well.
 */
export type Row<
  Table extends TableName,
  Names extends ColumnOf<Table>,
  Refined extends Refinement<Table, Refined> = Unrefined,
> = Flat<Omit<Pick<Tables[Table], Names>, keyof Refined> & Refined>;

/** The same columns within a `json_build_object`, where a statement writes figures with `::text`. */
export type JsonRow<
  Table extends TableName,
  Names extends ColumnOf<Table>,
  Refined extends Refinement<Table, Refined> = Unrefined,
> = Flat<{ [Name in keyof Row<Table, Names, Refined>]: InJson<Row<Table, Names, Refined>[Name]> }>;

/** The row of an outer join without a match. */
export type Missing<Joined> = { [Name in keyof Joined]: Joined[Name] | null };

type Refinement<Table extends TableName, Refined> = {
  [Name in keyof Refined]: Name extends ColumnOf<Table> ? Tables[Table][Name] : never;
};

type Unrefined = Record<never, never>;

type InJson<Value> = Value extends bigint | Date ? string : Value;

type Flat<Type> = { [Name in keyof Type]: Type[Name] };
