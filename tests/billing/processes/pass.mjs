/**
 * One billing pass as a process of its own, from the build, made to be killed:
 *
 *   node pass.mjs '{"databaseUrl": …, "asOf": "2025-02-01T00:00:00Z"}'
 *
 * Prints `working` once it is connected, and exits with 0 when the pass has finished, with 75 when it left out tenants.
 */
const { databaseUrl, asOf } = JSON.parse(process.argv[2]);
const load = (path) => import(new URL(`../../../dist/libs/${path}.js`, import.meta.url).href);
const [{ CrossTenantDatabase }, { overagePass }] = await Promise.all(
  ['platform/database/crossing', 'engines/billing/passes/usecases/overage'].map(load),
);
const database = new CrossTenantDatabase({
  url: databaseUrl,
  role: 'basecommerce_engines',
  application: 'billing copy',
  maxConnections: 6,
  readsByKey: true,
  statementTimeoutMs: 60_000,
});
await database.pool.query('select 1');
process.stdout.write('working\n');
let busy = 0;
const context = {
  database,
  settings: {},
  asOf: new Date(asOf),
  tenant: undefined,
  isDryRun: false,
  isReplayForced: true,
};
for await (const event of overagePass.run(context)) {
  if (event.kind === 'busy') busy += 1;
  if (event.kind === 'parked') process.stdout.write(`parked ${event.tenant} ${event.reason}\n`);
}
await database.close();
process.exitCode = busy > 0 ? 75 : 0;
