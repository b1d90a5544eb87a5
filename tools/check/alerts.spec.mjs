/**
 * Rules are code: promtool reads them and plays their tests, amtool reads the routing of alerts. Each alert has a case
 * in which it fires, one in which it does not, and a section in a runbook.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { amtoolBinary, promtoolBinary } from '../launch/promtool.mjs';
import {
  alerts,
  expressions,
  foreignMetrics,
  metricsOf,
  MONITORING,
  recordedMetrics,
  RULES,
  ruleTests,
} from './watching.mjs';

const RUNBOOKS = 'docs/runbooks';
const SEVERITIES = ['critical', 'warning', 'info', 'none'];

const execute = promisify(execFile);

let promtool;
let amtool;
// Where neither is installed, both are downloaded once.
beforeAll(() => {
  promtool = promtoolBinary();
  amtool = amtoolBinary();
}, 300_000);

/** Rejects with the program's output. */
async function run(program, ...args) {
  try {
    return (await execute(program, args)).stdout;
  } catch ({ stdout, stderr, message }) {
    throw new Error(`${args.join(' ')}\n${stdout}${stderr}` || message);
  }
}

const headingsOf = (file) =>
  [...readFileSync(path.join(RUNBOOKS, file), 'utf8').matchAll(/^## (\S+)$/gm)].map(([, heading]) => heading);

describe('promtool', () => {
  it.each(['prometheus.yml', 'droplets.yml'])('accepts %s and its rules', async (file) => {
    const said = await run(promtool, 'check', 'config', '--lint-fatal', path.join(MONITORING, 'prometheus', file));
    expect(said).toContain('rule files found');
  });

  it.each(ruleTests.map(({ file }) => path.basename(file)))('accepts the cases of %s', async (file) => {
    expect(await run(promtool, 'test', 'rules', path.join(RULES, file))).toContain('SUCCESS');
  });
});

describe('each alert', () => {
  const stories = ruleTests.flatMap(({ tests }) => tests.flatMap((test) => test.alert_rule_test));
  const names = alerts.map(({ alert }) => alert);

  it('has a unique name, a severity and a summary', () => {
    expect(names).toEqual([...new Set(names)]);
    for (const { alert, labels, annotations } of alerts)
      expect({ alert, isSorted: SEVERITIES.includes(labels.severity), summary: annotations.summary }).toEqual({
        alert,
        isSorted: true,
        summary: expect.stringMatching(/\S/),
      });
  });

  it.each(names)('%s has a case in which it fires and one in which it does not', (name) => {
    const own = stories.filter(({ alertname }) => alertname === name);
    expect({
      fires: own.filter(({ exp_alerts: expected }) => expected?.length > 0).length > 0,
      staysQuiet: own.filter(({ exp_alerts: expected }) => expected?.length === 0).length > 0,
    }).toEqual({ fires: true, staysQuiet: true });
  });

  it('links to its section of a runbook', () => {
    for (const { alert, annotations } of alerts) {
      const [file, anchor] = annotations.runbook.split('#');
      expect({ alert, anchor, sections: headingsOf(path.basename(file)) }).toEqual({
        alert,
        anchor: alert.toLowerCase(),
        sections: expect.arrayContaining([alert]),
      });
    }
  });

  it('exists for every section of those runbooks', () => {
    const files = new Set(alerts.map(({ annotations }) => path.basename(annotations.runbook.split('#')[0])));
    const sections = readdirSync(RUNBOOKS)
      .filter((file) => files.has(file))
      .flatMap(headingsOf);
    expect(
      sections.filter((section) => /^[A-Z][a-z]+([A-Z][a-z]+)*$/.test(section) && !names.includes(section)),
    ).toEqual([]);
  });
});

describe('metrics', () => {
  const asked = new Map(expressions.flatMap(({ where, expr }) => metricsOf(expr).map((name) => [name, where])));

  it('are found in expressions without functions, labels and keywords', () => {
    const expression =
      'topk(10, sum by (job, le) (rate(a_bucket{job="up", x=~"b|c"}[5m])) and on (le) b:c > 1e9) / ignoring(z) group_left () c_total offset 5m or absent(d)';
    expect(metricsOf(expression)).toEqual(['a_bucket', 'b:c', 'c_total', 'd']);
  });

  it('of exporters are listed if they are used, and no others', () => {
    const isOurs = (name) => /^(nodejs|process)_/.test(name) || recordedMetrics.has(name);
    expect([...foreignMetrics].filter((name) => !asked.has(name))).toEqual([]);
    const looksForeign = [...asked.keys()].filter(
      (name) => /^(node|pg|redis|nginx|container|basecommerce)_/.test(name) && !isOurs(name),
    );
    expect(looksForeign.filter((name) => !foreignMetrics.has(name))).toEqual([]);
  });

  it('that are recorded are used', () => {
    expect([...recordedMetrics].filter((name) => !asked.has(name))).toEqual([]);
  });
});

describe('Alertmanager', () => {
  let folder;
  beforeAll(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'alertmanager-'))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const render = (lines) => {
    const environment = path.join(folder, 'alerts.env');
    const target = path.join(folder, 'alertmanager.yml');
    writeFileSync(environment, lines.join('\n'));
    return run('bash', path.join(MONITORING, 'alertmanager/render'), environment, target).then(() => target);
  };
  const MAIL = [
    'ALERT_EMAIL=operator@example.com',
    'ALERT_EMAIL_FROM=alerts@example.com',
    'ALERT_SMTP=mail.example.com:587',
    'ALERT_SMTP_USER=alerts@example.com',
  ];
  const HOOKS = [
    'ALERT_WEBHOOK=https://pager.example.com/a?b=c&d=e',
    'ALERT_WATCHDOG=https://watchdog.example.com/ping/1',
  ];
  const receiverOf = async (file, ...labels) =>
    (await run(amtool, 'config', 'routes', 'test', `--config.file=${file}`, ...labels)).trim();

  it('accepts the rendered configuration, and routes each severity to its receiver', async () => {
    const file = await render([...MAIL, ...HOOKS]);
    expect(await run(amtool, 'check-config', file)).toContain('SUCCESS');
    expect({
      critical: await receiverOf(file, 'severity=critical', 'alertname=VerticalDown'),
      warning: await receiverOf(file, 'severity=warning', 'alertname=DeadLetters'),
      info: await receiverOf(file, 'severity=info', 'alertname=QuotaExhausted'),
      watchdog: await receiverOf(file, 'severity=none', 'alertname=Watchdog'),
    }).toEqual({ critical: 'wake', warning: 'mail', info: 'digest', watchdog: 'watchdog' });
    expect(readFileSync(file, 'utf8')).toContain('https://pager.example.com/a?b=c&d=e');
  });

  it('is not rendered with a missing or empty setting', async () => {
    await expect(render([...MAIL.slice(1), ...HOOKS])).rejects.toThrow(/ALERT_EMAIL is missing/);
    await expect(render([...MAIL, 'ALERT_WEBHOOK=', HOOKS[1]])).rejects.toThrow(/ALERT_WEBHOOK is missing/);
    await expect(render([...MAIL, 'ALERT_WEBHOOK=pager', HOOKS[1]])).rejects.toThrow(/ALERT_WEBHOOK .*https/);
  });

  it('inhibits alerts that another one explains, and names only existing alerts', async () => {
    const text = readFileSync(path.join(MONITORING, 'alertmanager/alertmanager.yml.template'), 'utf8');
    const mentioned = [...text.matchAll(/\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b/g)].map(([name]) => name);
    expect(mentioned.length).toBeGreaterThan(5);
    expect(mentioned.filter((name) => !alerts.some(({ alert }) => alert === name))).toEqual([]);
  });
});
