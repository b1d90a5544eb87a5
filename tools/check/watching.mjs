/** Reads the rules and dashboards of infra/monitoring, and the metrics that their expressions name. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

export const MONITORING = 'infra/monitoring';
export const RULES = path.join(MONITORING, 'prometheus/rules');
const DASHBOARDS = path.join(MONITORING, 'grafana/dashboards');

const named = (folder, ending) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .sort();

export const rules = named(RULES, '.rules.yml')
  .flatMap((name) => parse(readFileSync(path.join(RULES, name), 'utf8')).groups)
  .flatMap((group) => group.rules);

export const alerts = rules.filter((rule) => rule.alert);

/** With the file, in which an error must be repaired. */
export const ruleTests = named(RULES, '.test.yml').map((name) => ({
  file: path.join(RULES, name),
  ...parse(readFileSync(path.join(RULES, name), 'utf8')),
}));

export const dashboards = named(DASHBOARDS, '.json').map((name) => ({
  file: path.join(DASHBOARDS, name),
  ...JSON.parse(readFileSync(path.join(DASHBOARDS, name), 'utf8')),
}));

export const panelsOf = (dashboard) => dashboard.panels.filter((panel) => panel.type !== 'row');

/** Every expression, with its place. */
export const expressions = [
  ...rules.map(({ alert, record, expr }) => ({ where: alert ?? record, expr })),
  ...dashboards.flatMap((dashboard) => [
    ...panelsOf(dashboard).flatMap(({ title, targets }) =>
      targets.map(({ expr }) => ({ where: `${dashboard.title}: ${title}`, expr })),
    ),
    ...dashboard.annotations.list.map(({ name, expr }) => ({ where: `${dashboard.title}: ${name}`, expr })),
  ]),
];

const KEYWORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan']);

/** Names in an expression that are neither a function, nor a label, nor part of the language. */
export function metricsOf(expression) {
  const bare = expression
    .replace(/"(?:[^"\\]|\\.)*"/g, '""')
    .replace(/\{[^}]*\}/g, '')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, '');
  const names = [...bare.matchAll(/(?<![\w:.])[a-zA-Z_:][a-zA-Z0-9_:]*(?!\s*\()\b(?!\s*\()/g)].map(([name]) => name);
  return [...new Set(names)].filter((name) => !KEYWORDS.has(name));
}

/** A histogram is known by its own name; other metrics may end like one of its parts. */
export const isAmong = (known, name) => known.has(name) || known.has(name.replace(/_(bucket|sum|count)$/, ''));

const exporters = JSON.parse(readFileSync(path.join(MONITORING, 'exporters.json'), 'utf8'));

/** Metrics that are not ours. */
export const foreignMetrics = new Set(Object.values(exporters).flatMap(({ metrics }) => metrics ?? []));

export const recordedMetrics = new Set(rules.flatMap(({ record }) => record ?? []));
