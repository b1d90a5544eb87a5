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
const inGrace: DunningFacts = { outcome: 'grace', noticeAt: NOTICE, isOwing: true, told: ['opened'] };
const at = (hours: number) => hoursAfter(NOTICE, hours);

describe('the notices of an episode', () => {
  it('come in order, each at its hour', () => {
    const told: NoticeStep[] = [];
    const heard: string[] = [];
    for (let hour = 0; hour <= 200; hour++) {
      const outcome = hour < 168 ? 'grace' : hour < 190 ? 'suspended' : 'settled';
      for (const step of noticesDue({ ...inGrace, outcome, isOwing: hour < 190, told }, at(hour))) {
        told.push(step);
        heard.push(`${hour} ${step}`);
      }
    }
    expect(heard).toEqual([
      '0 opened',
      '48 reminder_48h',
      '96 reminder_96h',
      '144 final_warning',
      '168 suspended',
      '190 restored',
    ]);
  });

  it('warn for the last time at 144 hours to the millisecond, once', () => {
    const due = at(FINAL_WARNING_HOURS);
    const told: NoticeStep[] = ['opened', 'reminder_48h', 'reminder_96h'];
    expect(noticesDue({ ...inGrace, told }, new Date(due.getTime() - 1))).toEqual([]);
    expect(noticesDue({ ...inGrace, told }, due)).toEqual(['final_warning']);
    expect(noticesDue({ ...inGrace, told: [...told, 'final_warning'] }, at(9_000))).toEqual([]);
  });

  it('tell only the newest of what an outage held up', () => {
    expect(noticesDue(inGrace, at(150))).toEqual(['final_warning']);
    expect(noticesDue({ ...inGrace, told: ['opened', 'final_warning'] }, at(151))).toEqual([]);
    expect(noticesDue({ ...inGrace, outcome: 'suspended' }, at(400))).toEqual(['suspended']);
  });

  it('are none for a balance below the tolerance, or one that is being charged', () => {
    for (const outcome of ['grace', 'suspended'] as const)
      expect(noticesDue({ ...inGrace, outcome, isOwing: false, told: [] }, at(150))).toEqual([]);
    expect(noticesDue({ ...inGrace, outcome: 'settled', isOwing: false, told: [] }, at(150))).toEqual([]);
  });

  it('wait for the recorded notice before they count hours', () => {
    expect(noticesDue({ ...inGrace, noticeAt: null, told: [] }, at(500))).toEqual(['opened']);
  });

  it('are told once per episode and in order, for any passes, replays and crashes, as the reference tells them', () => {
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
      fc.property(looks, ends, ends, (visits, suspendedFrom, settledFrom) => {
        const told: NoticeStep[] = [];
        const expected: string[] = [];
        for (const { hour, isOwing, isCrashing } of [...visits].sort((a, b) => a.hour - b.hour)) {
          const outcome = hour >= settledFrom ? 'settled' : hour >= suspendedFrom ? 'suspended' : 'grace';
          const due = noticesDue({ outcome, noticeAt: NOTICE, isOwing, told }, at(hour));
          // Steps are recorded with the mail in one transaction; a crash takes both.
          if (isCrashing) continue;
          told.push(...due);
          const wanted: (string | undefined)[] =
            outcome === 'settled'
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
        expect(told).toEqual(expected);
        expect(told).toEqual(NOTICE_STEPS.filter((step) => told.includes(step)));
      }),
      RUNS,
    );
  });
});
