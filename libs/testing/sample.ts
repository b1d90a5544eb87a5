/**
 * The number of cases a test plays: the ordinary one in `npm test`, the full one in `npm run test:long`. Both check the
 * same behaviour. The full number finds defects that appear once in thousands of cases.
 */
const IS_LONG = process.env['TEST_SAMPLES'] === 'full';

export function sampleSize(ordinary: number, full: number): number {
  return IS_LONG ? full : ordinary;
}
