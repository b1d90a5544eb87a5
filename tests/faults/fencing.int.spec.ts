/** A process that was paused beyond the end of its lease and wakes up can neither publish nor apply nor acknowledge. */
import { StreamNames } from '#platform/streams';
import { printFigures } from '#testing/print';
import { staysTrue } from '#testing/waiting';
import { FaultProcess } from './processes.js';
import { aggregates, CLEAN, FaultSystem, PARTITIONS, tenants } from './system.js';

const LEASE_MS = 500;
let system: FaultSystem;
const processes: FaultProcess[] = [];

beforeEach(async () => {
  system = await FaultSystem.start(0);
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map((process) => process.stop()));
  await system.stop();
});

function start(kind: 'relay' | 'worker', halt?: string): FaultProcess {
  const options = halt
    ? { leaseMs: LEASE_MS, halt: { step: halt, nth: 1, signal: 'SIGSTOP' as const } }
    : { leaseMs: LEASE_MS };
  const process = new FaultProcess(kind, system, options);
  processes.push(process);
  return process;
}

const entries = async () => {
  const names = new StreamNames(system.vertical, PARTITIONS);
  const added = await Promise.all(
    names.all.map(async (stream) => (await system.redis.call('XINFO', 'STREAM', stream).catch(() => [])) as unknown[]),
  );
  return added.reduce<number>((sum, facts) => sum + Number(facts[facts.indexOf('entries-added') + 1] ?? 0), 0);
};

it('refuses the publish of a relay that was paused just before it while another one took over', async () => {
  const [store] = tenants(1);
  const products = aggregates(30);
  await system.worker().start();
  const paused = start('relay', 'publishing');
  await paused.says((said) => said.message === 'this relay leads');
  await system.write(store!, products);
  await paused.says((said) => said.level === 'halt');
  const successor = start('relay');
  await successor.says((said) => said.message === 'this relay leads');
  await system.quiet();
  const before = await entries();
  paused.signal('SIGCONT');
  const refused = await paused.says((said) => said.reason === 'superseded');
  const verdict = await system.verdict();
  printFigures('paused relay:', {
    said: refused.reason,
    published_after_waking: (await entries()) - before,
    ...verdict,
  });
  expect(await entries()).toBe(before);
  expect(verdict).toMatchObject(CLEAN);
});

it.each(['received', 'committed'])('refuses a worker that was paused after it had %s a batch', async (step) => {
  const [store] = tenants(1);
  const products = aggregates(30);
  await system.relay().start();
  const paused = start('worker', step);
  await paused.says((said) => said.message === 'started');
  await system.write(store!, products);
  await paused.says((said) => said.level === 'halt');
  const successor = start('worker');
  await successor.says((said) => said.message === 'started');
  await system.quiet();
  const { rows } = await system.owner.query<{ epoch: string }>(`select max(epoch) as epoch from consumer_leases`);
  expect(Number(rows[0]!.epoch)).toBeGreaterThan(1);
  paused.signal('SIGCONT');
  await staysTrue('the woken worker applies nothing', async () => (await system.effects()) === 30, 500);
  await system.write(store!, products);
  await system.quiet();
  const verdict = await system.verdict();
  printFigures(`worker paused when it had ${step}:`, verdict);
  expect(verdict).toMatchObject({ ...CLEAN, events: 60 });
});
