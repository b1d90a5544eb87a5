/** Checks the dashboards' files, because Grafana shows an error only as an empty panel. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { dashboards, MONITORING, panelsOf } from './watching.mjs';

const provisioned = (file) => parse(readFileSync(path.join(MONITORING, 'grafana/provisioning', file), 'utf8'));

it('has five of them, each with a unique identity', () => {
  expect(dashboards.map(({ title }) => title).sort()).toEqual([
    'Billing',
    'Events',
    'Host and data stores',
    'Requests',
    'System at a glance',
  ]);
  for (const key of ['uid', 'title']) {
    const values = dashboards.map((dashboard) => dashboard[key]);
    expect(values).toEqual([...new Set(values)]);
  }
});

it('reads from the provisioned source', () => {
  const [source] = provisioned('datasources/prometheus.yml').datasources;
  for (const { file, panels, annotations } of dashboards) {
    const used = [
      ...panels.flatMap(({ datasource, targets = [] }) => [datasource, ...targets.map((one) => one.datasource)]),
    ]
      .concat(annotations.list.map(({ datasource }) => datasource))
      .filter(Boolean);
    expect({ file, uids: [...new Set(used.map(({ uid }) => uid))] }).toEqual({ file, uids: [source.uid] });
  }
});

describe.each(dashboards.map((dashboard) => [dashboard.title, dashboard]))('%s', (_, dashboard) => {
  const panels = panelsOf(dashboard);

  it('has a title and a unit for every panel', () => {
    for (const { title, description, fieldConfig, targets } of panels)
      expect({ title, description, unit: fieldConfig.defaults.unit, queries: targets.length }).toEqual({
        title: expect.stringMatching(/\S/),
        description: expect.stringMatching(/.{15}/),
        unit: expect.stringMatching(/^(short|s|bytes|percentunit|reqps|ops)$/),
        queries: expect.any(Number),
      });
    expect(panels.filter(({ targets }) => targets.length === 0)).toEqual([]);
  });

  it('names every line if a panel has several', () => {
    const unnamed = panels.filter(
      ({ targets }) => targets.length > 1 && targets.some(({ legendFormat }) => !legendFormat),
    );
    expect(unnamed.map(({ title }) => title)).toEqual([]);
  });

  it('has panels with unique ids that do not overlap', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (__, cell) => `${x + (cell % w)}/${y + Math.floor(cell / w)}`),
    );
    expect(cells.length).toBe(new Set(cells).size);
    expect(Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.x + gridPos.w))).toBeLessThanOrEqual(24);
  });

  it('cannot be changed in the browser, where the change would be lost', () => {
    expect(dashboard.editable).toBe(false);
    expect(provisioned('dashboards/basecommerce.yml').providers[0].allowUiUpdates).toBe(false);
  });
});
