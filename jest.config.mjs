/** ESM through @swc/jest; the `#…` imports of package.json lead to sources instead of the build. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const { imports } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8'));

// The most specific pattern first, as Node itself resolves them.
const moduleNameMapper = Object.fromEntries(
  Object.entries(imports)
    .sort(([a], [b]) => specificity(b) - specificity(a) || b.length - a.length)
    .map(([name, target]) => [
      `^${name.replace('*', '([^/]+(?:/[^/]+)*?)')}$`,
      target.types.replace('./', '<rootDir>/').replace('*', '$1'),
    ]),
);

/** Each file opens up to 30 connections; the test server takes 400. */
const MOST_WORKERS = 12;

function specificity(name) {
  return name.includes('*') ? name.indexOf('*') : name.length + 1_000;
}

export default {
  testEnvironment: 'node',
  testMatch: ['**/*.spec.ts', '**/*.spec.mjs'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/.data/', '/tests/containers/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.data/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { ...moduleNameMapper, '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
        module: { type: 'es6' },
      },
    ],
  },
  testSequencer: '<rootDir>/tools/launch/test-order.mjs',
  // One for each core; the test server has connections for so many files at a time.
  maxWorkers: Math.min(Math.max(availableParallelism(), 2), MOST_WORKERS),
  // Ends what would never end. A test that promises seconds measures them itself.
  testTimeout: 180_000,
};
