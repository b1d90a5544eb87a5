/** docs/reference: the OpenAPI documents, permissions, errors, events and settings, made from the values the code runs on. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const built = (file) => import(pathToFileURL(path.join(root, 'dist', file)).href);
const isChecking = process.argv.includes('--check');

await built('apps/vertical/app.module.js');
const { handledOperations } = await built('libs/platform/http/index.js');
const { allProblems, errorsMarkdown, openApiDocument } = await built('libs/platform/openapi/index.js');
const { ROLES } = await built('libs/contracts/roles.js');
const { EVENT_CONTRACTS } = await built('libs/contracts/event-contracts.js');
const { PERMISSIONS, SUBSCRIPTIONS } = await built('libs/contracts/rooms.js');
const { asyncApiDocument } = await built('libs/contracts/asyncapi.js');
const { settingsMarkdown } = await built('libs/platform/config/index.js');

const json = (value) => `${JSON.stringify(value, null, 2)}\n`;
const FILES = {
  'docs/reference/openapi.json': json(openApiDocument('tenant', handledOperations(), '1.0.0')),
  'docs/reference/operator-openapi.json': json(openApiDocument('operator', handledOperations(), '1.0.0')),
  'docs/reference/asyncapi.json': json(asyncApiDocument('1.0.0')),
  'docs/reference/permissions.md': permissions(),
  'docs/reference/errors.md': errorsMarkdown([...allProblems().values()]),
  'docs/reference/events.md': events(),
  'docs/reference/configuration.md': settingsMarkdown(),
};

const stale = Object.entries(FILES).filter(([file, content]) => {
  const target = path.join(root, file);
  const isSame = existsSync(target) && readFileSync(target, 'utf8') === content;
  if (!isSame && !isChecking) {
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, content);
  }
  return !isSame;
});
if (isChecking && stale.length > 0) {
  process.stdout.write(`${stale.map(([file]) => file).join(', ')} not fresh; run npm run gen\n`);
  process.exit(1);
}

function permissions() {
  const header = `| Permission | ${ROLES.join(' | ')} |\n|---|${ROLES.map(() => ':-:').join('|')}|`;
  const rows = Object.entries(PERMISSIONS).map(
    ([name, roles]) => `| \`${name}\` | ${ROLES.map((role) => (roles.includes(role) ? '✓' : '')).join(' | ')} |`,
  );
  return `# Permissions\n\nMade from [the table](../../libs/contracts/rooms.ts) that the API enforces.\n\n${header}\n${rows.join('\n')}\n`;
}

function events() {
  const rows = EVENT_CONTRACTS.map((contract) => {
    const engines = Object.entries(SUBSCRIPTIONS)
      .filter(([, kinds]) => kinds.includes(contract.aggregate))
      .map(([name]) => name);
    return `| \`${contract.type}\` | v${contract.version} | ${contract.aggregate} | ${contract.summary} | ${engines.join(', ')} |`;
  });
  return `# Events\n\nMade from [the contracts](../../libs/contracts/event-contracts.ts). Every event travels as a CloudEvents 1.0 envelope; see [asyncapi.json](asyncapi.json).\n\n| Type | Version | Aggregate | Says | Heard by |\n|---|---|---|---|---|\n${rows.join('\n')}\n`;
}
