/**
 * `node bench/regression.mjs FIGURES [BASELINE]`: checks whether a ratio got worse than the noise explains. FIGURES is
 * the file of `npm run bench -- --json FIGURES`. The baseline has, per figure, the median of several runs and the
 * spread between runs of the same code. Absolute figures are not compared, because they measure the machine.
 *
 * Exit 0: nothing got worse. 1: something did, or a figure of the baseline is missing. 64: a file cannot be read as it should.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const USAGE = 'usage: node bench/regression.mjs FIGURES [BASELINE]';
const BASELINE = path.resolve(path.dirname(fileURLToPath(import.meta.url)), 'regression-baseline.json');

/**
 * One line per figure of the baseline, in its order, and one per figure it does not know. `worse` | `missing` fail;
 * `holds` | `better` | `new` do not. `better` by more than the noise suggests a new baseline.
 */
export function compare(baseline, figures) {
  const found = new Map(figures.map((figure) => [figure.name, figure]));
  const known = Object.entries(baseline).map(([name, { ratio, better, tolerance }]) => {
    const now = found.get(name)?.ratio;
    if (!Number.isFinite(now))
      return { name, was: ratio, now: undefined, limit: limitOf(ratio, better, tolerance), verdict: 'missing' };
    const limit = limitOf(ratio, better, tolerance);
    const isWorse = better === 'higher' ? now < limit : now > limit;
    const margin = limitOf(ratio, better === 'higher' ? 'lower' : 'higher', tolerance);
    const isBetter = better === 'higher' ? now > margin : now < margin;
    return { name, was: ratio, now, limit, verdict: isWorse ? 'worse' : isBetter ? 'better' : 'holds' };
  });
  const unknown = figures
    .filter(({ name, ratio }) => !(name in baseline) && Number.isFinite(ratio))
    .map(({ name, ratio }) => ({ name, was: undefined, now: ratio, limit: undefined, verdict: 'new' }));
  return [...known, ...unknown];
}

export function hasRegressed(lines) {
  return lines.some(({ verdict }) => verdict === 'worse' || verdict === 'missing');
}

/** Multiplied and divided, because a ratio twice as good and one half as good are equally far. */
function limitOf(ratio, better, tolerance) {
  return better === 'higher' ? ratio / (1 + tolerance) : ratio * (1 + tolerance);
}

export function tableOf(lines) {
  const rows = lines.map(({ name, was, now, limit, verdict }) => [
    name,
    number(was),
    number(now),
    number(limit),
    verdict === 'worse' || verdict === 'missing' ? verdict.toUpperCase() : verdict,
  ]);
  const head = ['figure', 'baseline', 'now', 'limit', ''];
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function number(value) {
  return value === undefined ? '–' : value.toFixed(2);
}

/** Throws a sentence about the first error, because a gate that reads half a file would accept everything. */
export function readBaseline(text) {
  const baseline = JSON.parse(text);
  const entries = Object.entries(baseline);
  if (Array.isArray(baseline) || entries.length === 0) throw new Error('the baseline names no figure');
  for (const [name, { ratio, better, tolerance } = {}] of entries) {
    if (!(ratio > 0)) throw new Error(`${name}: ratio has to be above 0`);
    if (better !== 'higher' && better !== 'lower') throw new Error(`${name}: better has to be higher or lower`);
    if (!(tolerance > 0 && tolerance <= 1)) throw new Error(`${name}: tolerance has to be above 0 and at most 1`);
  }
  return baseline;
}

export function readFigures(text) {
  const { figures } = JSON.parse(text);
  if (!Array.isArray(figures) || figures.length === 0) throw new Error('there are no figures in it');
  for (const { name, ratio } of figures) {
    if (typeof name !== 'string') throw new Error('a figure has no name');
    if (ratio !== undefined && typeof ratio !== 'number') throw new Error(`${name}: its ratio is not a number`);
  }
  const names = figures.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice) throw new Error(`${twice} is there twice`);
  return figures;
}

function main([figuresFile, baselineFile = BASELINE, ...rest]) {
  if (figuresFile === '--help') return void process.stdout.write(`${USAGE}\n`);
  if (!figuresFile || figuresFile.startsWith('-') || rest.length > 0) return refuse(USAGE);
  const figures = read(figuresFile, readFigures);
  const baseline = figures && read(baselineFile, readBaseline);
  if (!baseline) return;
  const lines = compare(baseline, figures);
  process.stdout.write(`${tableOf(lines)}\n`);
  const bad = lines.filter(({ verdict }) => verdict === 'worse' || verdict === 'missing');
  if (bad.length === 0) process.stdout.write('\nnothing got worse\n');
  else process.stdout.write(`\ngot worse, or is missing: ${bad.map(({ name }) => name).join(', ')}\n`);
  process.exitCode = hasRegressed(lines) ? 1 : 0;
}

function read(file, parse) {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (error) {
    refuse(`${file}: ${error.message}`);
    return undefined;
  }
}

function refuse(text) {
  process.stderr.write(`regression: ${text}\n`);
  process.exitCode = 64;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(/** @type {[string, string?]} */ (process.argv.slice(2)));
