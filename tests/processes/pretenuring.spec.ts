/** Every process switches off V8's allocation-site pretenuring at its start; V8's own trace shows it. */
import { spawnSync } from 'node:child_process';

/** Objects of one kind, enough for V8 to check whether they survived a collection. */
const WORK = `
  const kept = new Array(100_000);
  for (let nth = 0; nth < 1_000_000; nth++) kept[nth % kept.length] = { number: nth, lines: [nth] };`;
const STARTED = 'started';

/** V8's trace after `STARTED` of the kinds that it considers for pretenuring. */
function weighed(script: string): string[] {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--trace-pretenuring-statistics', '--input-type=module', '--eval', script],
    { encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  const lines = stdout.split('\n');
  expect(lines).toContain(STARTED);
  return lines.slice(lines.indexOf(STARTED) + 1).filter((line) => line.includes('pretenuring:'));
}

it('no process considers objects for pretenuring', () => {
  const work = `() => { console.log('${STARTED}'); ${WORK} }`;
  expect(
    weighed(
      `const { starting } = await import('./dist/libs/platform/boot/index.js'); await starting('test', ${work});`,
    ),
  ).toEqual([]);
  expect(weighed(`(${work})();`)).not.toEqual([]);
});
