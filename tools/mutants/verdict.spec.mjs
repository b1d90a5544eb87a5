import { verdictOf } from './verdict.mjs';

const file = (...assertionResults) => ({ status: assertionResults.length ? 'failed' : 'passed', assertionResults });
const failed = (message) => ({ status: 'failed', fullName: 'a test', failureMessages: [message] });
const outcomeOf = (...messages) => verdictOf({ testResults: [file(...messages.map(failed))] }).outcome;

describe('a mutant', () => {
  it.each([
    ['Error: expect(received).toBe(expected)'],
    ['Error: expect.hasAssertions()'],
    ['Error: Property failed after 2 tests\nProperty failed by returning false'],
    ['Error: Property failed after 3 tests\nCaused by: Error: expect(received).toEqual(expected)'],
  ])('is caught by a failed assertion: %s', (message) => {
    expect(outcomeOf(message)).toBe('caught');
  });

  it.each([
    ['thrown: "Exceeded timeout of 180000 ms for a test."'],
    ['Error: one event is dead: not within 90000 ms'],
    ['Error: connect ECONNREFUSED 127.0.0.1:5432'],
    ['ReferenceError: x is not defined'],
  ])('is not caught by another failure: %s', (message) => {
    expect(outcomeOf(message)).toBe('no assertion');
  });

  it('is caught when one of several failures is an assertion', () => {
    expect(outcomeOf('Error: connection lost', 'Error: expect(received).toBe(expected)')).toBe('caught');
  });

  it('is not caught by a run that did not end, nor by a file that did not load', () => {
    expect(verdictOf(undefined).outcome).toBe('no assertion');
    const results = { testResults: [{ status: 'failed', message: 'SyntaxError', assertionResults: [] }] };
    expect(verdictOf(results)).toEqual({ outcome: 'no assertion', by: 'a file did not load: SyntaxError' });
  });

  it('survives when every test passes', () => {
    expect(verdictOf({ testResults: [file()] }).outcome).toBe('survived');
  });
});
