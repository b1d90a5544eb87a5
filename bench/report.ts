/** The table, for the terminal and for docs/performance.md, whose middle part it replaces. */
import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import type { Figure } from './row.js';

const BEGIN = '<!-- figures: written by `npm run bench -- --write` -->';
const END = '<!-- end of figures -->';

export interface MachineFacts {
  readonly postgres: { readonly version: string; readonly fsync: string; readonly synchronousCommit: string };
  readonly redis: string;
  readonly minutes: number;
}

export function machine({ postgres, redis, minutes }: MachineFacts): string {
  const cpus = os.cpus();
  const memory = Math.round(os.totalmem() / 2 ** 30);
  return (
    `${cpus.length} × ${cpus[0]?.model.trim() ?? 'unknown processor'}, ${memory} GiB, ${os.type()} ${os.release()}; Node ${process.versions.node}, ` +
    `PostgreSQL ${postgres.version} (fsync ${postgres.fsync}, synchronous_commit ${postgres.synchronousCommit}), Redis ${redis}; ` +
    `load, servers and processes share the machine. ${new Date().toISOString().slice(0, 10)}, ${minutes} min.`
  );
}

export function table(figures: readonly Figure[]): string {
  const rows = figures.map(({ work, ours, against, ratio = '', ask = '', holds }) => [
    work,
    ours,
    against,
    ratio,
    ask,
    holds === undefined ? '' : holds ? 'holds' : '**missed**',
  ]);
  const head = ['Work', 'BaseCommerce', 'Floor or peer', 'Ratio', 'Ask', ''];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(escaped).join(' | ')} |`).join('\n');
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|');
}

/** A ratio by a name that stays when the words of the table change: the row, and which of its figures. */
export interface NamedRatio {
  readonly name: string;
  readonly work: string;
  readonly against: string;
  readonly ratio: number | undefined;
}

/** A share of cost (12.3 %) becomes a ratio of costs (1.123), so that all of them are compared in one way. */
export function namedRatios(row: string, figures: readonly Figure[]): NamedRatio[] {
  return figures.map(({ work, against, ratio }, index) => {
    const [, number, percent] = /^([\d.]+)( %)?$/.exec(ratio ?? '') ?? [];
    const value = number === undefined ? undefined : percent ? 1 + Number(number) / 100 : Number(number);
    return { name: `${row}#${index + 1}`, work, against, ratio: value };
  });
}

/** Replaces the text between the two marks; people write the text around it. */
export function writeInto(file: string, facts: string, figures: readonly Figure[]): void {
  const text = readFileSync(file, 'utf8');
  const [before, rest] = [text.split(BEGIN)[0]!, text.split(END)[1]];
  if (rest === undefined) throw new Error(`${file} lacks the marks between which figures stand`);
  writeFileSync(file, `${before}${BEGIN}\n\n${facts}\n\n${table(figures)}\n\n${END}${rest}`);
}
