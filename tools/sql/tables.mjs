// @ts-check
/** Which tables a statement touches, and how: in subqueries, CTEs and joins alike. */

/**
 * @typedef {import('./parse.mjs').Node} Node
 * @typedef {'select' | 'insert' | 'update' | 'delete' | 'merge'} Verb
 * @typedef {{ table: string, verb: Verb }} Touch `table` is `gap_n` when its name is only known at run time
 */

/** @type {Record<string, Verb>} */
const WRITES = { InsertStmt: 'insert', UpdateStmt: 'update', DeleteStmt: 'delete', MergeStmt: 'merge' };

/**
 * @param {Node} statement
 * @returns {Touch[]} each pair once
 */
export function tablesOf(statement) {
  /** @type {Map<string, Touch>} */
  const touches = new Map();
  collect(statement, new Set(), (table, verb) => touches.set(`${verb} ${table}`, { table, verb }));
  return [...touches.values()];
}

/**
 * @param {unknown} node
 * @param {ReadonlySet<string>} ctes names that hide tables here
 * @param {(table: string, verb: Verb) => void} note
 */
function collect(node, ctes, note) {
  if (Array.isArray(node)) return node.forEach((each) => collect(each, ctes, note));
  if (node === null || typeof node !== 'object') return;
  const fields = /** @type {Node} */ (node);
  const inner = fields['withClause'] ? new Set([...ctes, ...cteNames(fields)]) : ctes;
  for (const [key, value] of Object.entries(fields)) {
    const verb = WRITES[key];
    // The table that is written stands in the field `relation`, without a wrapper.
    if (verb) note(value.relation.relname, verb);
    if (key === 'RangeVar' && !(value.schemaname === undefined && inner.has(value.relname)))
      note(value.relname, 'select');
    collect(value, inner, note);
  }
}

/** @param {Node} query */
export function cteNames(query) {
  return query['withClause'].ctes.map((/** @type {Node} */ cte) => cte['CommonTableExpr'].ctename);
}
