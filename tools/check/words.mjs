/**
 * Refuses retired words: private terms of this project, and terms that had more than one meaning. Each has a standard term
 * instead. Names in code, comments, tests and documents are searched in the places of `DONE`; add a place when its words are
 * replaced. A name that others rely on (a column, a metric, a setting, a field of the API) stays as it is: it stands in
 * `KEPT` and is removed from a line before the search.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { spawnSync } from 'node:child_process';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** Folders and files whose words are replaced. */
const DONE = [
  'libs/engines/billing/access/',
  'libs/engines/billing/accounts/',
  'libs/engines/billing/plans/',
  'libs/engines/billing/usage/',
  'libs/contracts/',
  'libs/kernel/',
  'libs/platform/',
  'libs/testing/database',
  'libs/testing/engines/',
  'libs/testing/print.ts',
  'libs/testing/rows.ts',
  'libs/testing/sample.ts',
  'libs/testing/stripe-stub/',
  'libs/testing/waiting.ts',
  'libs/engines/billing/invoicing/',
  'libs/engines/billing/collection/',
  'libs/engines/billing/subscriptions/',
  'libs/engines/billing/passes/',
  'libs/engines/billing/http.ts',
  'libs/engines/billing/operator.ts',
  'libs/engines/billing/worker.ts',
  'libs/engines/billing/index.ts',
  'libs/engines/billing/errors.ts',
  'libs/engines/billing/fixture.ts',
  'libs/engines/billing/README.md',
  'tests/billing/',
  'libs/modules/audit/',
  'libs/modules/catalogue/',
  'libs/modules/customers/',
  'libs/modules/entitlements/',
  'libs/modules/events/',
  'libs/modules/identity/',
  'libs/modules/recovery/',
  'libs/modules/tenancy/',
  'libs/verticals/',
  'apps/',
  'docs/adr/',
  'docs/backups.md',
  'docs/ci.md',
  'docs/compose.md',
  'docs/droplets.md',
  'docs/engines/',
  'docs/gateway.md',
  'docs/glossary.md',
  'docs/monitoring.md',
  'docs/performance.md',
  'docs/runbooks/',
  'docs/scaling.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'README.md',
  'STYLE.md',
  'bench/',
  'infra/',
  'Dockerfile',
  'docker-compose',
  '.github/',
  '.ci/',
  'prisma/README.md',
  'prisma/seed/',
  'tests/containers/',
  'tests/contracts/',
  'tests/faults/',
  'tests/gateway/',
  'tests/processes/',
  'tests/scenarios/',
  'tests/simulation/',
  'tests/tenancy/',
  'tools/build/',
  'tools/containers/',
  'tools/gen/',
  'tools/launch/',
  'tools/new/',
  'tools/prisma/',
  'tools/sql/',
  'tools/walls/',
];

/**
 * Retired word → the term to use. The pattern is searched inside names as well (`toldPeriods`, `tell_own_caps`), at the
 * beginning of a part of a name.
 * @type {readonly (readonly [RegExp, string])[]}
 */
const RETIRED = [
  [/tellings?|untold|told/, 'announced, notification, or the fact itself'],
  [/flights?/, 'round trip'],
  [/riders?|rides?|riding/, 'piggybacked statement'],
  [/lanes?/, 'cursor (backlog), slot (batches at the same time)'],
  [/foresight|foreseen|unforeseen|foresees?/, 'assumed place, optimistic'],
  [/fitness/, 'preflight'],
  [/rungs?/, 'access state'],
  [/belts?/, 'layer'],
  [/deeds?/, 'act, operation'],
  [/anew/, 'again'],
];

/** Names that others rely on, and terms that contain a retired word with another meaning. */
const KEPT = [
  'entitlement_untold',
  'told_used',
  'told_at',
  'caps_told',
  'told_caps',
  'telling,',
  'telling:',
  'telling =',
  'c.telling',
  'excluded.telling',
  '(telling',
  '`telling`',
  '`told_at`',
  'call them untold',
  'calls them untold',
  'in_flight',
  'in flight',
  'inFlight',
  'InFlight',
  'In flight',
  'preflight',
  'it told us of',
  'providers told us',
  'told: currency',
  'told: 0',
  'counts.told',
  'POSTGRES_INIT=anew',
  'POSTGRES_INIT:-}" != anew',
];

/** The parts of names and words: `toldPeriods` and `told_periods` give told and periods. */
const PART = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g;

/**
 * The retired words of one line, each with its replacement.
 * @param {string} line
 * @returns {string[]}
 */
export function retiredIn(line) {
  const searched = KEPT.reduce((text, kept) => text.replaceAll(kept, ' '), line);
  const parts = new Set((searched.match(PART) ?? []).map((part) => part.toLowerCase()));
  return [...parts].flatMap((part) =>
    RETIRED.filter(([pattern]) => new RegExp(`^(?:${pattern.source})$`).test(part)).map(
      ([, instead]) => `«${part}» is retired; write ${instead}`,
    ),
  );
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const listed = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  const files = listed.stdout
    .split('\n')
    .filter((file) => DONE.some((place) => file.startsWith(place)) && existsSync(path.join(root, file)));
  const problems = files.flatMap((file) =>
    readFileSync(path.join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => retiredIn(line).map((problem) => `${file}:${index + 1}: ${problem}`)),
  );
  for (const place of DONE)
    if (!files.some((file) => file.startsWith(place))) problems.push(`tools/check/words.mjs: ${place} does not exist`);
  if (problems.length > 0) {
    process.stdout.write(`${problems.join('\n')}\n`);
    process.exit(1);
  }
}
