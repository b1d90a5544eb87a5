import { contractionsIn } from './contractions.js';

describe('statements that break the previous release', () => {
  it.each([
    ['alter table a drop column b;', 1],
    ['drop table if exists a;', 1],
    ['alter table a rename column b to c;', 1],
    ['alter table a alter column b type bigint;', 1],
    ['alter table a alter column b set not null;', 1],
    ['truncate a;', 1],
    ['alter table a add column b text not null, add column c int;', 1],
    ['alter table a add column b text not null default 1, add column c int default 2 not null;', 0],
    ['create table a (type text not null); alter table b add column c text; create index d on b (c);', 0],
    ["insert into notes values ('please drop table a'); -- drop table a\n/* truncate a */", 0],
    ['create function f() returns void language plpgsql as $body$ begin truncate a; end $body$;', 0],
    ['alter table a drop constraint b;', 0],
  ])('%s', (script, count) => expect(contractionsIn(script)).toHaveLength(count));
});
