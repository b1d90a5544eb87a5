/** Dashboards are files: what Grafana would only show as an empty panel is found here. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { dashboards, MONITORING, panelsOf } from './watching.mjs';

const provisioned = (file) => parse(readFileSync(path.join(MONITORING, 'grafana/provisioning', file), 'utf8'));

it('has the five of them, each with an identity of its own', () => {
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

it('reads from the source that is provisioned', () => {
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

  it('says of every panel what it shows and in which unit', () => {
    for (const { title, description, fieldConfig, targets } of panels)
      expect({ title, description, unit: fieldConfig.defaults.unit, queries: targets.length }).toEqual({
        title: expect.stringMatching(/\S/),
        description: expect.stringMatching(/.{15}/),
        unit: expect.stringMatching(/^(short|s|bytes|percentunit|reqps|ops)$/),
        queries: expect.any(Number),
      });
    expect(panels.filter(({ targets }) => targets.length === 0)).toEqual([]);
  });

  it('names every line where a panel has several', () => {
    const unnamed = panels.filter(
      ({ targets }) => targets.length > 1 && targets.some(({ legendFormat }) => !legendFormat),
    );
    expect(unnamed.map(({ title }) => title)).toEqual([]);
  });

  it('has panels with ids of their own that do not lie on each other', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (__, cell) => `${x + (cell % w)}/${y + Math.floor(cell / w)}`),
    );
    expect(cells.length).toBe(new Set(cells).size);
    expect(Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.x + gridPos.w))).toBeLessThanOrEqual(24);
  });

  it('cannot be changed where the change would be lost', () => {
    expect(dashboard.editable).toBe(false);
    expect(provisioned('dashboards/basecommerce.yml').providers[0].allowUiUpdates).toBe(false);
  });
});
