import { parse } from './parse.mjs';
import { readStatements } from './read.mjs';
import { sourcesIn } from './sources.mjs';
import { tablesOf } from './tables.mjs';

const textsIn = (code) => sourcesIn('libs/modules/quotes/data/quotes.ts', code).map(({ text }) => text);
const touches = (text) => (parse(text) ?? []).flatMap(tablesOf).map(({ verb, table }) => `${verb} ${table}`);

describe('the texts of a file', () => {
  it('are found with their place', () => {
    const code = 'class Quotes {\n  load(tx) {\n    return tx.first(sql`select 1`);\n  }\n}\n';
    expect(sourcesIn('a.ts', code)).toEqual([{ file: 'a.ts', line: 3, within: 'Quotes.load', text: 'select 1' }]);
  });

  it.each([
    ['parameters', 'const a = sql`select ${b} from t where id = ${c.d}`;', ['select $1 from t where id = $2']],
    ['a type argument', 'const a = sql<Row>`select 1`;', ['select 1']],
    ['constants', 'const T = "quotes"; composedSql(`select * from ${T}`);', ['select * from quotes']],
    ['what is only known at run time', 'composedSql(`select ${a} from ${b()}`);', ['select GAP(1) from GAP(2)']],
    ['both branches', 'composedSql(`select ${a ? "x" : "y"}`);', ['select x', 'select y']],
    ['a sum', 'composedSql("select " + "1");', ['select 1']],
    ['a raw query', 'pool.query("select 2");', ['select 2']],
    ['a name with two meanings', 'const t = "a"; function f(t) { composedSql(`select ${t}`); }', ['select GAP(1)']],
  ])('contain %s', (_, code, texts) => {
    expect(textsIn(code)).toEqual(texts);
  });
});

describe('the tables of a statement', () => {
  it.each([
    ['select from a join b on true where exists (select from c)', ['select a', 'select b', 'select c']],
    ['with d as (delete from a returning id) insert into b select id from d', ['insert b', 'delete a']],
    ['update a set x = (select 1 from b) from c where a.id = c.id', ['update a', 'select c', 'select b']],
    ['with a as (select 1) select from public.a, a', ['select a']],
    ['select GAP(1) from GAP(2) where x and GAP(3)', ['select gap_2']],
    ['begin; delete from a', ['delete a']],
  ])('%s', (text, expected) => {
    expect(touches(text).sort()).toEqual([...expected].sort());
  });

  it('are not guessed when the text is not SQL', () => {
    expect(parse('select from where')).toBeUndefined();
    expect(parse('GAP(1)')).toBeUndefined();
  });
});

it('reads the statements of modules, engines and the platform', () => {
  const statements = readStatements();
  expect(statements.length).toBeGreaterThan(400);
  const rooms = new Set(statements.map(({ file }) => file.split('/').slice(0, 3).join('/')));
  expect([...rooms]).toEqual(
    expect.arrayContaining([
      'libs/modules/quotes',
      'libs/engines/stock',
      'libs/platform/retention',
      'libs/platform/backup',
    ]),
  );
});
