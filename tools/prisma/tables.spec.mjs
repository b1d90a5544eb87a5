/** A column that leaves the schema breaks the build where it is read. */
import path from 'node:path';
import ts from 'typescript';
import { schemaText, tablesOf, written } from './tables.mjs';

const root = path.join(import.meta.dirname, '..', '..');
const GENERATED = path.join(root, 'libs/platform/database/prisma-client/tables.ts');
const schema = schemaText(path.join(root, 'prisma/schema'));

const READER = path.join(root, 'libs/modules/customers/data/customers.ts');

const { options } = ts.parseJsonConfigFileContent(
  { ...ts.readConfigFile(path.join(root, 'tsconfig.json'), ts.sys.readFile).config, files: [READER], include: [] },
  ts.sys,
  root,
);
let previous;

/** The compiler's errors in READER when the tables come from `changed` instead of the project's schema. */
function errorsWith(changed) {
  const host = ts.createCompilerHost(options);
  const getSourceFile = host.getSourceFile.bind(host);
  const tables = ts.createSourceFile(GENERATED, written(tablesOf(changed)), ts.ScriptTarget.ES2023);
  host.getSourceFile = (name, ...rest) => {
    if (path.resolve(name) === GENERATED) return tables;
    return previous?.getSourceFile(name) ?? getSourceFile(name, ...rest);
  };
  previous = ts.createProgram({ rootNames: [READER], options: { ...options, types: ['node'] }, host });
  return previous
    .getSemanticDiagnostics(previous.getSourceFile(READER))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}

const without = (text, table, column) => {
  const [model = ''] = new RegExp(`^model ${table} \\{\\n[^]*?^\\}`, 'm').exec(text) ?? [];
  return text.replace(model, model.replace(new RegExp(`^ {2}${column} .*\\n`, 'm'), ''));
};

describe('the file that reads customers', () => {
  it('compiles, and no more once a column that it reads is dropped, be it one with a narrower type', () => {
    expect(errorsWith(schema)).toEqual([]);
    const errors = errorsWith(without(without(schema, 'sites', 'access_notes'), 'customers', 'kind'));
    expect(errors.filter((error) => error.includes('access_notes'))).not.toEqual([]);
    expect(errors.filter((error) => error.includes('kind'))).not.toEqual([]);
  }, 120_000);

  it('compiles no more once a column has another type', () => {
    const changed = schema.replace(/^( {2}created_at +)DateTime( +@db\.)Timestamptz\(6\)/gm, '$1DateTime$2Date');
    expect(errorsWith(changed).join('\n')).toContain('toISOString');
  }, 120_000);
});

describe('the row types of a schema', () => {
  const columnsOf = (lines) => tablesOf(`model orders {\n${lines}\n}\n\nmodel lines {\n  id Int\n}\n`)[0].columns;

  it('leave relations out, and carry lists and nulls', () => {
    expect(
      columnsOf('  roles String[]\n  at DateTime? @db.Timestamptz(6)\n  lines lines[]\n\n  @@id([roles])'),
    ).toEqual([
      { name: 'roles', type: 'string[]' },
      { name: 'at', type: 'Date | null' },
    ]);
  });

  it('read a type that Prisma does not know as text', () => {
    expect(columnsOf('  xid Unsupported("xid8") @default(dbgenerated("pg_current_xact_id()"))')).toEqual([
      { name: 'xid', type: 'string' },
    ]);
  });

  it('refuse a column type that has no entry', () => {
    expect(() => columnsOf('  at DateTime @db.Time(6)')).toThrow(
      'orders.at: no row type is known for DateTime @db.Time',
    );
  });
});
