/** A column that leaves the schema breaks the build where it is read. */
import path from 'node:path';
import ts from 'typescript';
import { schemaText, tablesOf, written } from './tables.mjs';

const root = path.join(import.meta.dirname, '..', '..');
const GENERATED = path.join(root, 'libs/platform/database/prisma-client/tables.ts');
const schema = schemaText(path.join(root, 'prisma/schema'));

/** What the compiler says about `file` when the tables come from `changed` instead of the project's schema. */
function errorsOf(file, changed) {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(path.join(root, 'tsconfig.json'), ts.sys.readFile).config,
    ts.sys,
    root,
  );
  const host = ts.createCompilerHost(options);
  const readFile = host.readFile.bind(host);
  const tables = written(tablesOf(changed));
  host.readFile = (name) => (path.resolve(name) === GENERATED ? tables : readFile(name));
  const program = ts.createProgram({ rootNames: [path.join(root, file)], options, host });
  return program
    .getSemanticDiagnostics(program.getSourceFile(path.join(root, file)))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}

const without = (table, column) => {
  const model = new RegExp(`^model ${table} \\{\\n[^]*?^\\}`, 'm').exec(schema)[0];
  return schema.replace(model, model.replace(new RegExp(`^ {2}${column} .*\\n`, 'm'), ''));
};

describe('a file that reads a table', () => {
  it.each([
    ['libs/modules/customers/data/customers.ts', 'sites', 'access_notes'],
    ['libs/modules/customers/data/customers.ts', 'customers', 'kind'],
  ])('compiles (%s), and no more once %s.%s is dropped', (file, table, column) => {
    expect(errorsOf(file, schema)).toEqual([]);
    expect(errorsOf(file, without(table, column)).join('\n')).toContain(column);
  });

  it('compiles no more once a column has another type', () => {
    const changed = schema.replace(/^( {2}created_at +)DateTime( +@db\.)Timestamptz\(6\)/gm, '$1DateTime$2Date');
    expect(errorsOf('libs/modules/customers/data/customers.ts', changed).join('\n')).toContain('toISOString');
  });
});

describe('the row types of a schema', () => {
  const columnsOf = (lines) => tablesOf(`model orders {\n${lines}\n}\n\nmodel lines {\n  id Int\n}\n`)[0].columns;

  it('leave relations out, and carry lists and nulls', () => {
    expect(columnsOf('  roles String[]\n  at DateTime? @db.Timestamptz(6)\n  lines lines[]\n\n  @@id([roles])')).toEqual([
      { name: 'roles', type: 'string[]' },
      { name: 'at', type: 'Date | null' },
    ]);
  });

  it('read a type that Prisma does not know as text', () => {
    expect(columnsOf('  xid Unsupported("xid8") @default(dbgenerated("pg_current_xact_id()"))')).toEqual([
      { name: 'xid', type: 'string' },
    ]);
  });

  it('refuse a column type that nobody has decided about', () => {
    expect(() => columnsOf('  at DateTime @db.Time(6)')).toThrow('orders.at: no row type is known for DateTime @db.Time');
  });
});
