/** The tests that need a container engine: `npm run test:containers`. One file at a time, they share its ports. */
import everyday from './jest.config.mjs';

export default {
  ...everyday,
  testMatch: ['<rootDir>/tests/containers/**/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/.data/'],
  maxWorkers: 1,
  // Processes start in them, again and again; a machine may be busy with other things as well.
  testTimeout: 400_000,
};
