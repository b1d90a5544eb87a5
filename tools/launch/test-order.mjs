// @ts-check
/**
 * The order of the test files: the slowest first, so that no long one is left for the end while the other workers have
 * nothing to do. Jest's own memory of durations does not exist on a fresh clone, so the durations of the slow files are
 * committed in test-durations.json (seconds, written by `npm test -- --write-durations`). A file that is not in it counts by its size.
 */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const DURATIONS_FILE = fileURLToPath(new URL('test-durations.json', import.meta.url));
const ROOT = path.resolve(import.meta.dirname, '../..');
/** A spec of 400 lines takes a second or two. */
const BYTES_PER_SECOND = 20_000;

/** @typedef {{ path: string }} Test */

/**
 * @param {string} file relative to the project
 * @param {Record<string, number>} durations
 */
export function weightOf(file, durations) {
  return durations[file] ?? statSync(path.join(ROOT, file)).size / BYTES_PER_SECOND;
}

export default class SlowestFirst {
  /** @type {Record<string, number>} */
  durations = JSON.parse(readFileSync(DURATIONS_FILE, 'utf8'));

  /** @param {Test[]} tests */
  sort(tests) {
    const weights = new Map(tests.map((test) => [test, weightOf(path.relative(ROOT, test.path), this.durations)]));
    return [...tests].sort((a, b) => Number(weights.get(b)) - Number(weights.get(a)) || (a.path < b.path ? -1 : 1));
  }

  /**
   * Each shard takes every so many-th of the sorted files, so that the shards take about the same time.
   * @param {Test[]} tests
   * @param {{ shardIndex: number, shardCount: number }} options
   */
  shard(tests, { shardIndex, shardCount }) {
    return this.sort(tests).filter((_, place) => place % shardCount === shardIndex - 1);
  }

  /**
   * Earlier failures are not remembered, so `--onlyFailures` runs every file.
   * @param {Test[]} tests
   */
  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {}
}
