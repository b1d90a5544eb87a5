/** The build contains only the product: code of tests and benchmarks stays out of it, and so out of the images. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { root } from '../launch/places.mjs';

/** Every source that `npm run build` compiles, whether it is listed in the configuration or imported by another. */
function compiledSources() {
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
  const options = { cwd: root, encoding: /** @type {const} */ ('utf8'), maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--listFilesOnly'], options);
  return stdout
    .split('\n')
    .map((file) => path.relative(root, file).replaceAll(path.sep, '/'))
    .filter((file) => file && !file.startsWith('node_modules/') && !file.startsWith('../') && !file.endsWith('.d.ts'));
}

const sources = compiledSources();

it('compiles the apps and the rooms', () => {
  expect(sources).toEqual(expect.arrayContaining(['apps/vertical/main.ts', 'libs/engines/stock/domain/forecasts.ts']));
});

it('compiles no fixture, no benchmark and no test', () => {
  expect(sources.filter((file) => !/^(apps|libs|prisma)\//.test(file))).toEqual([]);
  expect(sources.filter((file) => /^libs\/testing\/|\.spec\.ts$|\/fixture\.ts$/.test(file))).toEqual([]);
});

it('compiles no reference model, no score of an engine and no generator of histories', () => {
  const isForTests = /[/-](reference-model|quality|usage-story|store-history|event-script|random)\.ts$/;
  expect(sources.filter((file) => isForTests.test(file))).toEqual([]);
});
