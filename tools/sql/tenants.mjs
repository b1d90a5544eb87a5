// @ts-check
/**
 * Whether a statement binds the tenant of every tenant's table that it touches. A table is bound by a condition that always
 * holds for its rows (a conjunct of WHERE, or of an ON that restricts this side of the join) and equates its `tenant_id` with
 *
 *   a parameter, a function or a subquery                      l.tenant_id = $1
 *   the tenant of a table that is bound                        l.tenant_id = q.tenant_id
 *   a column of a CTE, a subquery, a function or an outer query, whose own tables are checked where they stand
 *
 * An INSERT names `tenant_id` among its columns. What merely mentions `tenant_id` (a selected column, an ORDER BY, one side
 * of an OR, an inequality) binds nothing.
 */
import { isGap } from './parse.mjs';
import { cteNames } from './tables.mjs';

/**
 * @typedef {import('./parse.mjs').Node} Node
 * @typedef {object} From one entry of FROM
 * @property {string} alias
 * @property {string | undefined} table a tenant's table; undefined for what is checked elsewhere
 * @property {string} key the column that holds the tenant
 * @typedef {{ readonly ctes: ReadonlySet<string>, readonly outer: ReadonlySet<string> }} Scope
 * @typedef {object} Condition
 * @property {Node} left
 * @property {Node} right
 * @property {ReadonlySet<string> | undefined} restricts aliases whose rows it restricts; undefined for all
 */

/**
 * @param {Node} statement
 * @param {ReadonlyMap<string, string>} keys each tenant's table and its column that holds the tenant
 * @returns {string[]} tables that are not bound
 */
export function unboundTables(statement, keys) {
  /** @type {string[]} */
  const unbound = [];
  new Reader(keys, (table) => unbound.push(table)).query(statement, { ctes: new Set(), outer: new Set() });
  return unbound;
}

class Reader {
  /**
   * @param {ReadonlyMap<string, string>} keys
   * @param {(table: string) => void} report
   */
  constructor(keys, report) {
    this.keys = keys;
    this.report = report;
  }

  /**
   * @param {Node} node
   * @param {Scope} scope
   * @returns {void}
   */
  query(node, scope) {
    const [kind = '', fields] = Object.entries(node)[0] ?? [];
    if (kind === 'SelectStmt') this.level(fields, scope, fields.fromClause ?? []);
    else if (kind === 'UpdateStmt')
      this.level(fields, scope, [{ RangeVar: fields.relation }, ...(fields.fromClause ?? [])]);
    else if (kind === 'DeleteStmt')
      this.level(fields, scope, [{ RangeVar: fields.relation }, ...(fields.usingClause ?? [])]);
    else if (kind === 'InsertStmt') this.insert(fields, scope);
    else if (kind === 'MergeStmt')
      this.level(fields, scope, [{ RangeVar: fields.relation }, fields.sourceRelation], [fields.joinCondition]);
    else if (kind === 'DeclareCursorStmt' || kind === 'ExplainStmt') this.query(fields.query, scope);
    else if (kind === 'CreateTableAsStmt') this.query(fields.query, scope);
  }

  /**
   * @param {Node} fields
   * @param {Scope} scope
   */
  insert(fields, scope) {
    const within = this.ctes(fields, scope);
    const key = this.keyOf(fields['relation'], within);
    const columns = (fields['cols'] ?? []).map((/** @type {Node} */ column) => column['ResTarget'].name);
    if (key !== undefined && !columns.includes(key) && !columns.some(isGap)) this.report(fields['relation'].relname);
    if (fields['selectStmt']) this.query(fields['selectStmt'], within);
    const outer = new Set([...within.outer, aliasOf(fields['relation']), 'excluded']);
    this.subqueries([fields['onConflictClause'], fields['returningList']], { ...within, outer });
  }

  /**
   * One level of a query: what FROM lists, the conditions on it, and the queries inside its expressions.
   * @param {Node} fields
   * @param {Scope} scope
   * @param {Node[]} from
   * @param {Node[]} [conditions]
   */
  level(fields, scope, from, conditions = []) {
    const within = this.ctes(fields, scope);
    for (const side of [fields['larg'], fields['rarg']]) if (side) this.query({ SelectStmt: side }, within);
    /** @type {Condition[]} */
    const conjuncts = [];
    /** @type {Node[]} */
    const expressions = [];
    /** @type {From[]} */
    const entries = [];
    for (const each of from) entries.push(...this.from(each, within, entries, conjuncts, expressions));
    for (const each of [fields['whereClause'], ...conditions]) if (each) addConjuncts(each, undefined, conjuncts);
    for (const { table } of unboundAmong(entries, conjuncts)) this.report(/** @type {string} */ (table));
    const outer = new Set([...within.outer, ...entries.map(({ alias }) => alias)]);
    const { fromClause: _, usingClause: __, withClause: ___, larg: ____, rarg: _____, ...rest } = fields;
    this.subqueries([expressions, rest], { ...within, outer });
  }

  /**
   * @param {Node} fields
   * @param {Scope} scope
   * @returns {Scope}
   */
  ctes(fields, scope) {
    if (!fields['withClause']) return scope;
    const within = { ...scope, ctes: new Set([...scope.ctes, ...cteNames(fields)]) };
    for (const cte of fields['withClause'].ctes) this.query(cte.CommonTableExpr.ctequery, within);
    return within;
  }

  /**
   * @param {Node} node
   * @param {Scope} scope
   * @param {readonly From[]} before entries that a lateral one may use
   * @param {Condition[]} conjuncts
   * @param {Node[]} expressions
   * @returns {From[]}
   */
  from(node, scope, before, conjuncts, expressions) {
    const [kind = '', fields] = Object.entries(node)[0] ?? [];
    if (kind === 'RangeVar') {
      const key = this.keyOf(fields, scope);
      return [
        { alias: aliasOf(fields), table: key === undefined ? undefined : fields.relname, key: key ?? 'tenant_id' },
      ];
    }
    if (kind === 'JoinExpr') {
      const left = this.from(fields.larg, scope, before, conjuncts, expressions);
      const right = this.from(fields.rarg, scope, [...before, ...left], conjuncts, expressions);
      const restricts = restrictedBy(fields.jointype, left, right);
      if (fields.quals) {
        addConjuncts(fields.quals, restricts, conjuncts);
        expressions.push(fields.quals);
      }
      const names = (fields.usingClause ?? []).map((/** @type {Node} */ column) => column['String'].sval);
      if (names.includes('tenant_id'))
        for (const one of left)
          for (const other of right) conjuncts.push({ left: column(one.alias), right: column(other.alias), restricts });
      return [...left, ...right];
    }
    if (kind === 'RangeSubselect') {
      const outer = new Set([...scope.outer, ...(fields.lateral ? before.map(({ alias }) => alias) : [])]);
      this.query(fields.subquery, { ...scope, outer });
    } else expressions.push(fields);
    return [{ alias: fields.alias?.aliasname ?? '', table: undefined, key: 'tenant_id' }];
  }

  /**
   * @param {Node} relation
   * @param {Scope} scope
   * @returns {string | undefined}
   */
  keyOf({ schemaname, relname }, scope) {
    if (schemaname === undefined && scope.ctes.has(relname)) return undefined;
    return isGap(relname) ? 'tenant_id' : this.keys.get(relname);
  }

  /**
   * @param {unknown} node
   * @param {Scope} scope
   */
  subqueries(node, scope) {
    if (Array.isArray(node)) return void node.forEach((each) => this.subqueries(each, scope));
    if (node === null || typeof node !== 'object') return;
    for (const [key, value] of Object.entries(node)) {
      if (key === 'SelectStmt') this.query({ SelectStmt: value }, scope);
      else this.subqueries(value, scope);
    }
  }
}

/** @param {Node} relation */
const aliasOf = (relation) => relation['alias']?.aliasname ?? relation['relname'];
/** @param {string} alias */
const column = (alias) => ({ ColumnRef: { fields: [{ String: { sval: alias } }, { String: { sval: 'tenant_id' } }] } });

/**
 * An outer join keeps the rows of its outer side whatever its condition says.
 * @param {string} jointype
 * @param {readonly From[]} left
 * @param {readonly From[]} right
 * @returns {ReadonlySet<string> | undefined}
 */
function restrictedBy(jointype, left, right) {
  if (jointype === 'JOIN_INNER') return undefined;
  const side = jointype === 'JOIN_LEFT' ? right : jointype === 'JOIN_RIGHT' ? left : [];
  return new Set(side.map(({ alias }) => alias));
}

/**
 * @param {Node} node
 * @param {ReadonlySet<string> | undefined} restricts
 * @param {Condition[]} into
 */
function addConjuncts(node, restricts, into) {
  const { BoolExpr: bool, A_Expr: comparison, SubLink: link } = node;
  if (bool?.boolop === 'AND_EXPR') bool.args.forEach((/** @type {Node} */ each) => addConjuncts(each, restricts, into));
  const isEqual = comparison?.name?.[0]?.String?.sval === '=';
  if (isEqual && ['AEXPR_OP', 'AEXPR_OP_ANY', 'AEXPR_IN'].includes(comparison.kind))
    addPairs(comparison.lexpr, comparison.rexpr, comparison.kind, restricts, into);
  if (link?.subLinkType === 'ANY_SUBLINK' && !link.operName && link.testexpr)
    for (const left of partsOf(link.testexpr)) into.push({ left, right: node, restricts });
}

/**
 * @param {Node} left
 * @param {Node} right
 * @param {string} kind
 * @param {ReadonlySet<string> | undefined} restricts
 * @param {Condition[]} into
 */
function addPairs(left, right, kind, restricts, into) {
  const [lefts, rights] = [partsOf(left), partsOf(right)];
  const isPairwise = kind === 'AEXPR_OP' && left['RowExpr'] && right['RowExpr'];
  if (isPairwise) lefts.forEach((each, index) => into.push({ left: each, right: rights[index] ?? {}, restricts }));
  else if (kind === 'AEXPR_OP') into.push({ left, right, restricts });
  // One of a list: what the list holds must itself be given from outside.
  else if (rights.every((each) => !each['ColumnRef']))
    for (const each of lefts) into.push({ left: each, right: { ParamRef: {} }, restricts });
  else if (rights.length === 1) into.push({ left, right: rights[0] ?? {}, restricts });
}

/**
 * @param {Node} node
 * @returns {Node[]}
 */
const partsOf = (node) => node['RowExpr']?.args ?? node['List']?.items ?? [node];

/**
 * @param {readonly From[]} entries
 * @param {readonly Condition[]} conjuncts
 */
function unboundAmong(entries, conjuncts) {
  const open = new Set(entries.filter(({ table }) => table !== undefined));
  for (let before = -1; before !== open.size;) {
    before = open.size;
    for (const { left, right, restricts } of conjuncts)
      for (const [one, other] of [
        [left, right],
        [right, left],
      ]) {
        const entry = tenantOf(/** @type {Node} */ (one), entries);
        if (!entry || !open.has(entry) || (restricts && !restricts.has(entry.alias))) continue;
        if (isGiven(/** @type {Node} */ (other), entries, open)) open.delete(entry);
      }
  }
  return open;
}

/**
 * The entry whose tenant this expression is.
 * @param {Node} node
 * @param {readonly From[]} entries
 * @returns {From | undefined}
 */
function tenantOf(node, entries) {
  const { name, alias } = columnOf(node);
  const holders = entries.filter((entry) => entry.table !== undefined && entry.key === name);
  return alias === undefined
    ? holders.length === 1
      ? holders[0]
      : undefined
    : holders.find((entry) => entry.alias === alias);
}

/**
 * Whether the value is fixed from outside this level, or by a table of it that is bound.
 * @param {Node} node
 * @param {readonly From[]} entries
 * @param {ReadonlySet<From>} open
 * @returns {boolean}
 */
function isGiven(node, entries, open) {
  const value = node['TypeCast'] ? node['TypeCast'].arg : node;
  if (value.ParamRef || value.SubLink || value.FuncCall || value.A_Const) return true;
  const { name, alias } = columnOf(value);
  if (name === undefined) return false;
  const tenant = tenantOf(value, entries);
  if (tenant) return !open.has(tenant);
  const entry = entries.find((each) => each.alias === alias);
  // A column that is not the tenant fixes nothing, except of a CTE, a subquery or a function, or of an outer query.
  return entry
    ? entry.table === undefined
    : alias !== undefined || entries.every(({ table, key }) => table === undefined || key !== name);
}

/**
 * @param {Node} node
 * @returns {{ name: string | undefined, alias: string | undefined }}
 */
function columnOf(node) {
  const names = (node['ColumnRef']?.fields ?? []).map((/** @type {Node} */ field) => field['String']?.sval);
  return { name: names.at(-1), alias: names.length > 1 ? names.at(-2) : undefined };
}
