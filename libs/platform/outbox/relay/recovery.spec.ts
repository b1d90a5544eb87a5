import type { Recovery } from '#platform/recovery';
import { type Evidence, decideStart } from './recovery.js';

const here: Recovery = { epoch: 2, fencedBecause: undefined, isSameLineage: true };
const marked = (epoch: number) => ({ epoch, mark: { term: 't', count: 3, last: ['5-0'] } });
const vouching: Evidence = { isAhead: false, found: marked(2), isMarkKnown: true, unknownEvent: undefined };
const silent: Evidence = { isAhead: false, found: undefined, isMarkKnown: undefined, unknownEvent: undefined };
const elsewhere: Recovery = { ...here, isSameLineage: false };
const unseen: Recovery = { ...here, isSameLineage: undefined };

it.each<[what: string, recovery: Recovery, evidence: Evidence, act: string]>([
  ['goes on where nothing has changed', here, vouching, 'begin'],
  ['goes on when Redis was emptied under the same database', here, silent, 'begin'],
  ['begins with a database that no relay has seen', unseen, silent, 'begin and adopt'],
  ['adopts a promoted server that has everything', elsewhere, vouching, 'begin and adopt'],
  ['asks when a copy stands before an empty Redis', elsewhere, silent, 'fence'],
  [
    'asks when a copy stands before an epoch without a mark',
    elsewhere,
    { ...silent, found: { epoch: 2, mark: undefined } },
    'fence',
  ],
  ['sees a mark that the database has lost', here, { ...vouching, isMarkKnown: false }, 'fence'],
  ['sees an event that the database has lost', elsewhere, { ...vouching, unknownEvent: 'e' }, 'fence'],
  ['asks when a dump was loaded, whatever Redis says', elsewhere, { ...vouching, isAhead: true }, 'fence'],
  ['sees a confirmation that the database has lost', here, { ...silent, found: marked(3) }, 'fence'],
  ['empties Redis after a confirmation', here, { ...silent, found: marked(1) }, 'rebuild'],
  ['asks again when a confirmed database was restored once more', elsewhere, { ...silent, found: marked(1) }, 'fence'],
  ['keeps to what a person has said', { ...here, fencedBecause: 'looking' }, vouching, 'fence, written down'],
])('%s', (_what, recovery, evidence, act) => {
  const decision = decideStart(recovery, evidence);
  const outcome = {
    begin: 'adopts' in decision && decision.adopts ? 'begin and adopt' : 'begin',
    rebuild: 'rebuild',
    fence: 'isRecorded' in decision && decision.isRecorded ? 'fence, written down' : 'fence',
  };
  expect(outcome[decision.act]).toBe(act);
});
