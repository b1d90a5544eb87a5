import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { ComposeProject } from './compose-project.js';
import { buildImage } from './images.js';
import { docker } from './docker.js';
import { eventually } from './waiting.js';

/** The services from Debian and from the project; Grafana and cAdvisor are images of their authors. */
const WATCHERS = [
  'prometheus',
  'alertmanager',
  'node-exporter',
  'postgres-exporter',
  'redis-exporter',
  'nginx-exporter',
];

const ALERTS = `ALERT_EMAIL=operator@shop.test
ALERT_EMAIL_FROM=alerts@shop.test
ALERT_SMTP=mail.shop.test:587
ALERT_SMTP_USER=alerts
ALERT_WEBHOOK=https://wake.shop.test/
ALERT_WATCHDOG=https://watch.shop.test/
`;

const project = new ComposeProject();
const alerts = mkdtempSync(path.join(os.tmpdir(), 'alerts-'));

beforeAll(async () => {
  for (const image of ['construction', 'engines', 'postgres'] as const) await buildImage(image);
  await docker('build', '--quiet', '--tag', 'basecommerce-exporters:test', 'infra/compose/exporters');
  cpSync('infra/monitoring/alertmanager', alerts, { recursive: true });
  const settings = path.join(alerts, 'alerts.env');
  writeFileSync(settings, ALERTS);
  writeFileSync(path.join(alerts, 'smtp-password'), 'not-used', { mode: 0o400 });
  execFileSync(path.join(alerts, 'render'), [settings], { stdio: 'pipe' });
  await project.prepare({ EXPORTERS_IMAGE: 'basecommerce-exporters:test', ALERTMANAGER_FOLDER: alerts });
  await project.up();
  await giveToPrometheus();
  await project.do(
    '--profile',
    'monitoring',
    'up',
    '--detach',
    '--no-build',
    '--wait',
    '--wait-timeout',
    '180',
    ...WATCHERS,
  );
}, 900_000);
afterAll(async () => {
  await project.close();
  rmSync(alerts, { recursive: true, force: true });
}, 120_000);

/**
 * In Prometheus's own image the folder belongs to its user, and a new volume gets this owner. An image without the
 * folder needs a volume that is not empty, because the engine gives an empty one the owner of the missing folder.
 */
async function giveToPrometheus(): Promise<void> {
  const volume = `${project.name}_prometheus`;
  const labels = [`com.docker.compose.project=${project.name}`, 'com.docker.compose.volume=prometheus'];
  await docker('volume', 'create', ...labels.flatMap((label) => ['--label', label]), volume);
  const chown = 'mkdir -p /prometheus/wal && chown -R nobody /prometheus';
  await docker('run', '--rm', '--volume', `${volume}:/prometheus`, 'debian:trixie-slim', 'sh', '-c', chown);
}

interface Target {
  labels: { job: string };
  health: string;
  lastError: string;
}

describe('the monitoring profile', () => {
  it('reaches every process, PostgreSQL and Redis', async () => {
    const targets = async () => {
      const answer = await fetch(`http://127.0.0.1:${project.variables['PROMETHEUS_PORT']}/api/v1/targets`);
      const { data } = (await answer.json()) as { data: { activeTargets: Target[] } };
      return data.activeTargets.filter(({ labels }) => labels.job !== 'cadvisor');
    };
    const isUp = ({ health }: Target) => health === 'up';
    const seen = await eventually(targets, (all) => all.length >= 8 && all.every(isUp), 90);
    expect(seen.map(({ labels }) => labels.job).sort()).toEqual(
      ['nginx', 'node', 'postgres', 'prometheus', 'redis', 'relay', 'vertical', 'worker'].sort(),
    );
  });

  it('has metrics of PostgreSQL and Redis, not only an answer', async () => {
    const value = async (query: string) => {
      const url = `http://127.0.0.1:${project.variables['PROMETHEUS_PORT']}/api/v1/query?query=${encodeURIComponent(query)}`;
      const { data } = (await (await fetch(url)).json()) as { data: { result: { value: [number, string] }[] } };
      return data.result[0]?.value[1];
    };
    for (const query of ['pg_up', 'redis_up', 'nginx_up'])
      await eventually(
        () => value(query),
        (up) => up === '1',
        60,
      );
    expect(Number(await value('node_memory_MemTotal_bytes'))).toBeGreaterThan(0);
  });

  it('listens only on this machine', async () => {
    for (const service of WATCHERS) {
      const ports = await project.inspect<Record<string, { HostIp: string }[] | null>>(
        service,
        '.NetworkSettings.Ports',
      );
      const addresses = Object.values(ports).flatMap((bindings) => (bindings ?? []).map(({ HostIp }) => HostIp));
      expect(addresses.filter((address) => address !== '127.0.0.1')).toEqual([]);
    }
  });
});
