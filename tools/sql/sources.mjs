// @ts-check
/**
 * Every SQL text in the source, found by TypeScript's own parser:
 *
 *   sql`…`             an interpolation is a parameter: `$1`, `$2`, …
 *   composedSql(…)     constants of the file are inserted; what is only known at run time is a gap
 *   ….query('…')       the same, for statements sent past the two above
 *
 * A conditional expression gives one text for each of its branches.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/**
 * @typedef {object} Source
 * @property {string} file relative to the root
 * @property {number} line
 * @property {string} within names of the enclosing functions, methods and classes: `RelayRepository.claim`, or of a constant
 * @property {string} text with `GAP(n)` for what is only known at run time
 */

export const GAP = /GAP\((\d+)\)/g;
const FOLDERS = ['apps', 'libs', 'prisma/seed'];
/** Tests, what only tests use, and generated code. */
const LEFT_OUT = /\.spec\.ts$|\.d\.ts$|\/fixture\.ts$|^libs\/testing\/|\/prisma-client\/|\/node_modules\//;
const MOST_ALTERNATIVES = 16;

/**
 * @param {string} root
 * @returns {Source[]}
 */
export function findSources(root) {
  return FOLDERS.flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => path.posix.join(folder, name.split(path.sep).join('/')))
      .filter((file) => file.endsWith('.ts') && !LEFT_OUT.test(file))
      .sort(),
  ).flatMap((file) => sourcesIn(file, readFileSync(path.join(root, file), 'utf8')));
}

/**
 * @param {string} file
 * @param {string} code
 * @returns {Source[]}
 */
export function sourcesIn(file, code) {
  if (!/\bsql\b|composedSql|\.query\b/.test(code)) return [];
  const tree = ts.createSourceFile(file, code, ts.ScriptTarget.Latest, true);
  const constants = constantsOf(tree);
  /** @type {Source[]} */
  const found = [];
  const visit = (/** @type {ts.Node} */ node) => {
    for (const text of textsOf(node, constants)) {
      const line = tree.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      found.push({ file, line, within: enclosing(node), text });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/**
 * @param {ts.Node} node
 * @param {Map<string, ts.Expression>} constants
 * @returns {string[]}
 */
function textsOf(node, constants) {
  if (ts.isTaggedTemplateExpression(node) && node.tag.getText() === 'sql') return [bound(node.template)];
  if (!ts.isCallExpression(node) || node.arguments.length === 0) return [];
  const [first] = node.arguments;
  if (first === undefined) return [];
  const isComposed = ts.isIdentifier(node.expression) && node.expression.text === 'composedSql';
  const isRaw =
    ts.isPropertyAccessExpression(node.expression) && node.expression.name.text === 'query' && isText(first);
  return isComposed || isRaw ? [...new Set(numbered(alternatives(first, constants, 0)))] : [];
}

const isText = (/** @type {ts.Expression} */ node) => ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);

/** @param {ts.TemplateLiteral} template */
function bound(template) {
  if (ts.isNoSubstitutionTemplateLiteral(template)) return template.text;
  return template.templateSpans.reduce(
    (text, span, index) => `${text}$${index + 1}${span.literal.text}`,
    template.head.text,
  );
}

const UNKNOWN = '\u0000';

/**
 * What the expression may be; `UNKNOWN` stands for what the file does not say.
 * @param {ts.Expression} node
 * @param {Map<string, ts.Expression>} constants
 * @param {number} depth
 * @returns {string[]}
 */
function alternatives(node, constants, depth) {
  if (depth > 8) return [UNKNOWN];
  const inner = (/** @type {ts.Expression} */ each) => alternatives(each, constants, depth + 1);
  if (ts.isStringLiteralLike(node) || ts.isNumericLiteral(node)) return [node.text];
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return inner(node.expression);
  if (ts.isConditionalExpression(node)) return [...inner(node.whenTrue), ...inner(node.whenFalse)];
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken)
    return product(inner(node.left), inner(node.right));
  if (ts.isTemplateExpression(node))
    return node.templateSpans.reduce(
      (texts, span) => product(product(texts, inner(span.expression)), [span.literal.text]),
      [node.head.text],
    );
  const constant = ts.isIdentifier(node) ? constants.get(node.text) : undefined;
  return constant ? inner(constant) : [UNKNOWN];
}

/**
 * @param {string[]} left
 * @param {string[]} right
 */
const product = (left, right) => left.flatMap((one) => right.map((other) => one + other)).slice(0, MOST_ALTERNATIVES);

const numbered = (/** @type {string[]} */ texts) =>
  texts.map((text) => {
    let gaps = 0;
    return text.replaceAll(UNKNOWN, () => `GAP(${++gaps})`);
  });

/**
 * Constants of the file by name; a name that is declared twice is not one constant.
 * @param {ts.SourceFile} tree
 */
function constantsOf(tree) {
  /** @type {Map<string, ts.Expression>} */
  const constants = new Map();
  const names = new Set();
  const visit = (/** @type {ts.Node} */ node) => {
    if (
      (ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isBindingElement(node)) &&
      ts.isIdentifier(node.name)
    ) {
      const name = node.name.text;
      const isConstant = ts.isVariableDeclaration(node) && ts.getCombinedNodeFlags(node) & ts.NodeFlags.Const;
      if (names.has(name) || !isConstant || !node.initializer) constants.delete(name);
      else constants.set(name, node.initializer);
      names.add(name);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return constants;
}

/** @param {ts.Node} node */
function enclosing(node) {
  /** @type {string[]} */
  const names = [];
  for (let at = node.parent; at; at = at.parent) {
    if (ts.isFunctionDeclaration(at) || ts.isMethodDeclaration(at) || ts.isClassDeclaration(at))
      names.unshift(at.name?.getText() ?? 'default');
    if (ts.isVariableDeclaration(at) && ts.isSourceFile(at.parent.parent.parent)) names.unshift(at.name.getText());
  }
  return names.join('.');
}
