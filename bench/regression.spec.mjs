import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { compare, hasRegressed, readBaseline, readFigures, tableOf } from './regression.mjs';

const higher = { list: { ratio: 0.6, better: 'higher', tolerance: 0.2 } };
const lower = { latency: { ratio: 3, better: 'lower', tolerance: 0.5 } };
const verdict = (baseline, ratio) => compare(baseline, [{ name: Object.keys(baseline)[0], ratio }])[0].verdict;

describe('a ratio against its baseline', () => {
  it.each([
    [higher, 0.6, 'holds'],
    [higher, 0.5, 'holds'],
    [higher, 0.49, 'worse'],
    [higher, 0.72, 'holds'],
    [higher, 0.73, 'better'],
    [lower, 3, 'holds'],
    [lower, 4.5, 'holds'],
    [lower, 4.6, 'worse'],
    [lower, 1.9, 'better'],
    [lower, NaN, 'missing'],
    [lower, undefined, 'missing'],
  ])('%j: %p %s', (baseline, ratio, expected) => {
    expect(verdict(baseline, ratio)).toBe(expected);
  });

  it('fails for worse and missing ratios, not for new or better ones', () => {
    expect(hasRegressed(compare(higher, [{ name: 'list', ratio: 0.3 }]))).toBe(true);
    expect(hasRegressed(compare(higher, []))).toBe(true);
    const lines = compare(higher, [
      { name: 'list', ratio: 0.9 },
      { name: 'another', ratio: 0.01 },
      { name: 'startup', ratio: undefined },
    ]);
    expect(lines.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual(['list better', 'another new']);
    expect(hasRegressed(lines)).toBe(false);
  });

  it('shows a worse ratio beside its limit', () => {
    const table = tableOf(compare(higher, [{ name: 'list', ratio: 0.4 }]));
    expect(table.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['figure', 'baseline', 'now', 'limit'],
      ['list', '0.60', '0.40', '0.50', 'WORSE'],
    ]);
  });
});

describe('files', () => {
  it.each([
    ['{}', 'names no figure'],
    ['[]', 'names no figure'],
    ['{"list":{"ratio":0,"better":"higher","tolerance":0.1}}', 'list: ratio'],
    ['{"list":{"ratio":1,"better":"up","tolerance":0.1}}', 'list: better'],
    ['{"list":{"ratio":1,"better":"higher","tolerance":2}}', 'list: tolerance'],
  ])('refuses the baseline %s', (text, reason) => {
    expect(() => readBaseline(text)).toThrow(reason);
  });

  it.each([
    ['{"figures":[]}', 'no figures'],
    ['{}', 'no figures'],
    ['{"figures":[{"ratio":1}]}', 'no name'],
    ['{"figures":[{"name":"list","ratio":"1"}]}', 'not a number'],
    ['{"figures":[{"name":"list"},{"name":"list"}]}', 'twice'],
  ])('refuses the figures %s', (text, reason) => {
    expect(() => readFigures(text)).toThrow(reason);
  });

  it('has a committed baseline for every row that the benchmarks compare', () => {
    const baseline = readBaseline(readFileSync(new URL('regression-baseline.json', import.meta.url), 'utf8'));
    const main = readFileSync(new URL('main.ts', import.meta.url), 'utf8');
    const imported = [...main.matchAll(/from '\.\/rows\/([\w-]+)\.js'/g)].map(([, file]) => file);
    const sources = imported.map((file) => readFileSync(new URL(`rows/${file}.ts`, import.meta.url), 'utf8'));
    const names = sources.flatMap((source) => [...source.matchAll(/^ {2}name: '([\w-]+)'/gm)].map(([, name]) => name));
    expect(names).toContain('list');
    for (const key of Object.keys(baseline)) expect(names).toContain(key.split('#')[0]);
    // These two have no ratio: start times and the engines' accuracy.
    const compared = names.filter((name) => name !== 'startup' && name !== 'engines');
    expect(new Set(Object.keys(baseline).map((key) => key.split('#')[0]))).toEqual(new Set(compared));
  });
});

describe('the command', () => {
  let folder;
  beforeAll(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'regression-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  function run(figures, baseline = higher) {
    const files = { figures: path.join(folder, 'figures.json'), baseline: path.join(folder, 'baseline.json') };
    writeFileSync(files.figures, typeof figures === 'string' ? figures : JSON.stringify({ figures }));
    writeFileSync(files.baseline, JSON.stringify(baseline));
    const script = path.join(import.meta.dirname, 'regression.mjs');
    return spawnSync(process.execPath, [script, files.figures, files.baseline], { encoding: 'utf8' });
  }

  it('ends with 0 when no ratio got worse', () => {
    const { status, stdout } = run([{ name: 'list', ratio: 0.62 }]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('nothing got worse') });
  });

  it('ends with 1 and names the worse ratios', () => {
    const { status, stdout } = run([{ name: 'list', ratio: 0.3 }]);
    expect({ status, stdout }).toEqual({
      status: 1,
      stdout: expect.stringMatching(/WORSE[^]*got worse, or is missing: list/),
    });
  });

  it('ends with 64 and one line when a file is invalid', () => {
    const { status, stderr } = run('half a fi');
    expect(status).toBe(64);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(spawnSync(process.execPath, [path.join(import.meta.dirname, 'regression.mjs')]).status).toBe(64);
  });
});
