// @ts-check
/**
 * Derives the result of a mutant from a run of the tests. Only a failed assertion counts: a test that timed out, a
 * server that ended, or a file that did not load shows nothing about the behaviour.
 */

/** @typedef {{ status: string, fullName: string, failureMessages?: string[] }} Assertion */
/** @typedef {{ testResults: { status: string, message?: string, assertionResults: Assertion[] }[] }} Results */
/** @typedef {{ outcome: 'caught' | 'survived' | 'no assertion', by: string }} Verdict */

/**
 * The beginning of a message of `expect`, also inside a failed property; and that of a property that returned false.
 */
const ASSERTION = /expect(?:\.\w+)*\(|Property failed by returning false/;
const OUT_OF_TIME = /Exceeded timeout of|not within \d+ ms/;

/**
 * `results` is jest's report, undefined when jest did not end by itself. @param {Results | undefined} results @returns
 * {Verdict}
 */
export function verdictOf(results) {
  if (!results) return { outcome: 'no assertion', by: 'the run did not end by itself' };
  const failed = results.testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed'),
  );
  const seen = failed.find(({ failureMessages = [] }) =>
    failureMessages.some((message) => ASSERTION.test(message) && !OUT_OF_TIME.test(message)),
  );
  if (seen) return { outcome: 'caught', by: seen.fullName };
  const [first] = failed;
  if (first) return { outcome: 'no assertion', by: `${first.fullName}: ${first.failureMessages?.[0] ?? ''}` };
  const broken = results.testResults.find(({ status }) => status === 'failed');
  if (broken) return { outcome: 'no assertion', by: `a file did not load: ${broken.message ?? ''}` };
  return { outcome: 'survived', by: 'every test passed' };
}
