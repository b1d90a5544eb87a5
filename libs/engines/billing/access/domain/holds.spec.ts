import fc from 'fast-check';
import { expectedRefusals } from '#testing/billing/access-reference-model';
import { sampleSize } from '#testing/sample';
import { ACCESS_STATES } from './access-states.js';
import {
  type EffectiveAccess,
  effectiveAccess,
  HOLD_CAUSES,
  type HoldCause,
  isReleasedBy,
  type Release,
  releasedHolds,
} from './holds.js';

const RUNS = { numRuns: sampleSize(300, 3_000) };
const RELEASES: readonly Release[] = [
  { by: 'debt_settled' },
  { by: 'person', cause: 'admin' },
  { by: 'person', cause: 'fraud' },
];

const states = fc.constantFrom(...ACCESS_STATES);
const holdSets = fc.subarray([...HOLD_CAUSES]);
const capabilities = Object.keys(effectiveAccess('active', [])) as (keyof EffectiveAccess)[];
const allowed = (access: EffectiveAccess) => capabilities.filter((capability) => access[capability]);

describe('a hold', () => {
  it.each<[HoldCause, string]>([
    ['billing', 'debt_settled'],
    ['admin', 'person:admin'],
    ['fraud', 'person:fraud'],
  ])('for %s is released by %s and nothing else', (cause, by) => {
    const releases = RELEASES.filter((release) => isReleasedBy(cause, release));
    expect(
      releases.map((release) => (release.by === 'person' ? `person:${release.cause}` : release.by)).join(' '),
    ).toBe(by);
  });

  it('is placed and released independently of the others', () => {
    const happenings = fc.array(
      fc.oneof(
        fc.record({ place: fc.constantFrom(...HOLD_CAUSES) }),
        fc.record({ release: fc.constantFrom(...RELEASES) }),
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(happenings, (story) => {
        let holds: readonly HoldCause[] = [];
        const alone = new Map<HoldCause, boolean>();
        for (const each of story) {
          if ('place' in each) {
            holds = [...new Set([...holds, each.place])];
            alone.set(each.place, true);
            continue;
          }
          const { release } = each;
          const gone = releasedHolds(holds, release);
          holds = holds.filter((cause) => !gone.includes(cause));
          if (release.by === 'person') alone.set(release.cause, false);
          else alone.set('billing', false);
        }
        expect(HOLD_CAUSES.filter((cause) => holds.includes(cause))).toEqual(
          HOLD_CAUSES.filter((cause) => alone.get(cause)),
        );
      }),
      RUNS,
    );
  });
});

describe('effective access', () => {
  it('refuses exactly what the reference model refuses', () => {
    fc.assert(
      fc.property(states, holdSets, fc.boolean(), (state, holds, hasExportDaysLeft) => {
        const refused = expectedRefusals(state, holds, hasExportDaysLeft);
        expect(allowed(effectiveAccess(state, holds, hasExportDaysLeft))).toEqual(
          capabilities.filter((capability) => !refused.has(capability)),
        );
      }),
      RUNS,
    );
  });

  it('is the most restrictive of the state and each hold, in any order and however often', () => {
    fc.assert(
      fc.property(states, fc.array(fc.constantFrom(...HOLD_CAUSES), { maxLength: 8 }), (state, holds) => {
        const access = effectiveAccess(state, holds);
        for (const capability of capabilities) {
          const each = [effectiveAccess(state, []), ...holds.map((cause) => effectiveAccess(state, [cause]))];
          expect(access[capability]).toBe(each.every((one) => one[capability]));
        }
        expect(effectiveAccess(state, [...holds].reverse())).toEqual(access);
      }),
      RUNS,
    );
  });

  it('never refuses to sign in, read, export or pay before a tenant is closed', () => {
    for (const state of ACCESS_STATES.filter((each) => each !== 'closed'))
      expect(effectiveAccess(state, HOLD_CAUSES, false)).toMatchObject({
        signIn: true,
        read: true,
        export: true,
        pay: true,
      });
  });

  it('is complete without a hold or a restricted state', () => {
    expect(allowed(effectiveAccess('active', []))).toEqual(capabilities);
  });

  it('keeps export and sign-in of a closed tenant while its export days last', () => {
    expect(allowed(effectiveAccess('closed', []))).toEqual(['signIn', 'export']);
    expect(allowed(effectiveAccess('closed', [], false))).toEqual([]);
  });
});
