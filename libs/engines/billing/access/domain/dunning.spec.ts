import fc from 'fast-check';
import { expectedCourtesy } from '#testing/billing/access-reference-model';
import { sampleSize } from '#testing/sample';
import {
  type DunningFacts,
  FINAL_WARNING_HOURS,
  hoursAfter,
  NOTICE_STEPS,
  noticesDue,
  type NoticeStep,
} from './dunning.js';

const RUNS = { numRuns: sampleSize(300, 3_000) };
const NOTICE = new Date('2026-03-01T10:00:00.000Z');
const inGrace: DunningFacts = { outcome: 'grace', noticeAt: NOTICE, isOwing: true, recordedSteps: ['opened'] };
const at = (hours: number) => hoursAfter(NOTICE, hours);

describe('the notices of an episode', () => {
  it('come in order, each at its hour', () => {
    const recordedSteps: NoticeStep[] = [];
    const sent: string[] = [];
    for (let hour = 0; hour <= 200; hour++) {
      const outcome = hour < 168 ? 'grace' : hour < 190 ? 'suspended' : 'paid';
      for (const step of noticesDue({ ...inGrace, outcome, isOwing: hour < 190, recordedSteps }, at(hour))) {
        recordedSteps.push(step);
        sent.push(`${hour} ${step}`);
      }
    }
    expect(sent).toEqual([
      '0 opened',
      '48 reminder_48h',
      '96 reminder_96h',
      '144 final_warning',
      '168 suspended',
      '190 restored',
    ]);
  });

  it('include the final warning at exactly 144 hours, once', () => {
    const due = at(FINAL_WARNING_HOURS);
    const recordedSteps: NoticeStep[] = ['opened', 'reminder_48h', 'reminder_96h'];
    expect(noticesDue({ ...inGrace, recordedSteps }, new Date(due.getTime() - 1))).toEqual([]);
    expect(noticesDue({ ...inGrace, recordedSteps }, due)).toEqual(['final_warning']);
    expect(noticesDue({ ...inGrace, recordedSteps: [...recordedSteps, 'final_warning'] }, at(9_000))).toEqual([]);
  });

  it('are only the newest courtesy after an outage', () => {
    expect(noticesDue(inGrace, at(150))).toEqual(['final_warning']);
    expect(noticesDue({ ...inGrace, recordedSteps: ['opened', 'final_warning'] }, at(151))).toEqual([]);
    expect(noticesDue({ ...inGrace, outcome: 'suspended' }, at(400))).toEqual(['suspended']);
  });

  it('are none for a balance below the tolerance, or one that is being charged', () => {
    for (const outcome of ['grace', 'suspended'] as const)
      expect(noticesDue({ ...inGrace, outcome, isOwing: false, recordedSteps: [] }, at(150))).toEqual([]);
    expect(noticesDue({ ...inGrace, outcome: 'paid', isOwing: false, recordedSteps: [] }, at(150))).toEqual([]);
  });

  it('wait for the recorded notice before they count hours', () => {
    expect(noticesDue({ ...inGrace, noticeAt: null, recordedSteps: [] }, at(500))).toEqual(['opened']);
  });

  it('are due once per episode and in order, for any passes, replays and crashes, as in the reference model', () => {
    const looks = fc.array(
      fc.record({
        hour: fc.oneof(fc.constantFrom(0, 47, 48, 95, 96, 143, 144, 167, 168), fc.integer({ min: 0, max: 400 })),
        isOwing: fc.boolean(),
        isCrashing: fc.boolean(),
      }),
      { maxLength: 40 },
    );
    const ends = fc.integer({ min: 0, max: 500 });
    fc.assert(
      fc.property(looks, ends, ends, (visits, suspendedFrom, paidFrom) => {
        const recordedSteps: NoticeStep[] = [];
        const expected: string[] = [];
        for (const { hour, isOwing, isCrashing } of [...visits].sort((a, b) => a.hour - b.hour)) {
          const outcome = hour >= paidFrom ? 'paid' : hour >= suspendedFrom ? 'suspended' : 'grace';
          const due = noticesDue({ outcome, noticeAt: NOTICE, isOwing, recordedSteps }, at(hour));
          // Steps are recorded with the mail in one transaction; a crash rolls back both.
          if (isCrashing) continue;
          recordedSteps.push(...due);
          const wanted: (string | undefined)[] =
            outcome === 'paid'
              ? expected.length > 0
                ? ['restored']
                : []
              : !isOwing
                ? []
                : outcome === 'suspended'
                  ? ['suspended']
                  : ['opened', expectedCourtesy(hour)];
          for (const step of wanted) if (step !== undefined && !expected.includes(step)) expected.push(step);
        }
        expect(recordedSteps).toEqual(expected);
        expect(recordedSteps).toEqual(NOTICE_STEPS.filter((step) => recordedSteps.includes(step)));
      }),
      RUNS,
    );
  });
});
