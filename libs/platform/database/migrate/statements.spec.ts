import { statementsOf } from './statements.js';

describe('statementsOf', () => {
  it('cuts at semicolons and drops what is only space or comment', () => {
    expect(statementsOf('-- no-transaction\nselect 1;\n\nselect 2 ; -- done\n')).toEqual([
      '-- no-transaction\nselect 1',
      'select 2',
    ]);
  });

  it.each([
    ['quoted text', "select ';', 'it''s;'"],
    ['escaped text', "select e'a\\';b'"],
    ['quoted names', 'select 1 as "a;""b"'],
    ['dollar quotes', 'do $$ begin perform 1; end $$'],
    ['named dollar quotes around plain ones', 'do $body$ begin execute $$select 1;$$; end $body$'],
    ['comments to the end of the line', 'select 1 -- a; b\n + 1'],
    ['nested comments', 'select /* a; /* b; */ c; */ 1'],
  ])('keeps %s whole', (_, statement) => {
    expect(statementsOf(`${statement};\nselect 2;`)).toEqual([statement, 'select 2']);
  });
});
