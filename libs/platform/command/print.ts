/** Output for people: lists as aligned columns, one resource as names and values, problems with code and pointers. */
import type { Problem } from '#contracts/problem';
import type { Operation } from '#contracts/operation';
import { flagsOf, parametersOf } from './flags.js';

const WIDEST = 60;

export function printed(body: unknown): string {
  if (isList(body)) {
    const more = body.next_cursor === null ? '' : `\nmore: --cursor ${body.next_cursor}`;
    return body.data.length === 0 ? 'nothing' : table(body.data) + more;
  }
  if (typeof body !== 'object' || body === null) return String(body);
  const members = Object.entries(body) as [string, unknown][];
  const plain = members.filter(([, value]) => blockOf(value) === undefined);
  const blocks = members.flatMap(([name, value]) => {
    const block = blockOf(value);
    return block === undefined ? [] : [`\n${name}\n${block}`];
  });
  return [columns(plain.map(([name, value]) => [name, cell(value)])), ...blocks].join('\n');
}

/** Values that do not fit on the line of their name: a list of objects as a table, sentences one per line. */
function blockOf(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const items = value as unknown[];
  if (items.every((item) => typeof item === 'object' && item !== null)) return indented(table(items));
  const isProse = items.every((item) => typeof item === 'string') && items.some((item) => item.includes(' '));
  return isProse ? indented(items.join('\n')) : undefined;
}

const indented = (text: string) => text.replaceAll(/^(?=.)/gm, '  ');

export function printedProblem(problem: Problem): string {
  const pointers = (problem.errors ?? []).map((error) => `  ${error.pointer || '/'}: ${error.message}`);
  return [`${problem.code}: ${problem.detail}`, ...pointers].join('\n');
}

export function usageOf(operation: Operation): string {
  const words = parametersOf(operation).map((name) => `<${name}>`);
  const flags = flagsOf(operation).map((flag) => [
    `  --${flag.flag}${flag.type === 'boolean' ? '' : ` <${flag.type}>`}`,
    `${flag.isRequired ? 'required; ' : ''}${flag.description}`,
  ]);
  const general = [
    ['  --json', 'the answer as JSON'],
    ...(operation.method === 'GET' ? [] : [['  --dry-run', 'do everything, then roll it back']]),
  ];
  return `${['basecommerce', operation.command, ...words].join(' ')}\n\n${operation.summary}.\n\n${columns([...flags, ...general])}`;
}

export function overviewOf(operations: readonly Operation[], more: readonly (readonly [string, string])[]): string {
  const rows = operations.map((operation) => [
    `  ${[operation.command, ...parametersOf(operation).map((name) => `<${name}>`)].join(' ')}`,
    operation.summary,
  ]);
  const all = [...rows, ...more.map(([words, text]) => [`  ${words}`, text])].sort(([a], [b]) => (a! < b! ? -1 : 1));
  return `basecommerce <command> [--help] [--json] [--dry-run]\n\n${columns(all)}`;
}

function table(rows: readonly object[]): string {
  const names = Object.keys(rows[0]!);
  return columns([names, ...rows.map((row) => names.map((name) => cell((row as Record<string, unknown>)[name])))]);
}

export function columns(rows: readonly (readonly (string | undefined)[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.min(WIDEST, Math.max(...rows.map((row) => (row[column] ?? '').length))),
  );
  return rows
    .map((row) =>
      row
        .map((text, column) => (text ?? '').padEnd(column === row.length - 1 ? 0 : widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(cell).join(value.some((item) => typeof item === 'object') ? '; ' : ',');
  if (typeof value === 'object') return Object.entries(value).map(named).filter(Boolean).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function named([name, value]: [string, unknown]): string {
  const text = cell(value);
  return text === '' ? '' : `${name} ${text}`;
}

function isList(body: unknown): body is { data: object[]; next_cursor: string | null } {
  return typeof body === 'object' && body !== null && 'data' in body && Array.isArray(body.data);
}
