/** Every process switches V8's guess about long lives off as it starts; V8 itself tells what it weighs. */
import { spawnSync } from 'node:child_process';

/** Objects of one kind, many enough for V8 to look whether they have lived through a collection. */
const WORK = `
  const kept = new Array(100_000);
  for (let nth = 0; nth < 1_000_000; nth++) kept[nth % kept.length] = { number: nth, lines: [nth] };`;
const STARTED = 'started';

/** What V8 says after `STARTED` of kinds it considers to make old at once. */
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

it('no process weighs which objects to make old at once', () => {
  const work = `() => { console.log('${STARTED}'); ${WORK} }`;
  expect(
    weighed(
      `const { starting } = await import('./dist/libs/platform/boot/index.js'); await starting('test', ${work});`,
    ),
  ).toEqual([]);
  expect(weighed(`(${work})();`)).not.toEqual([]);
});
