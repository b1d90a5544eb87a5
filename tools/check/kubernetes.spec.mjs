/**
 * Checks the manifests without a cluster: Kubernetes knows every field, every name exists, every pod is confined, and
 * ports, probes and the drain agree with the application.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { parseAllDocuments } from 'yaml';
import { build, podLabelsOf, podOf } from './kustomize.mjs';

const FOLDER = 'infra/kubernetes';
const ENVIRONMENTS = ['staging', 'production'];
const FOLDERS = ENVIRONMENTS.flatMap((name) => [name, `${name}/migration`]);
const built = Object.fromEntries(FOLDERS.map((name) => [name, build(path.join(FOLDER, name))]));
const production = [...built['production'], ...built['production/migration']];
const everything = Object.values(built).flat();
const workloads = production.filter(podOf).map((object) => [`${object.kind} ${object.metadata.name}`, object]);
const find = (kind, name, among = production) =>
  among.find((object) => object.kind === kind && object.metadata.name === name);

const TYPES = {
  'v1/ConfigMap': 'core/v1',
  'v1/Namespace': 'core/v1',
  'v1/Service': 'core/v1',
  'v1/ServiceAccount': 'core/v1',
  'apps/v1/Deployment': 'apps/v1',
  'batch/v1/CronJob': 'batch/v1',
  'batch/v1/Job': 'batch/v1',
  'autoscaling/v2/HorizontalPodAutoscaler': 'autoscaling/v2',
  'policy/v1/PodDisruptionBudget': 'policy/v1',
  'networking.k8s.io/v1/NetworkPolicy': 'networking/v1',
};

/** The type errors of objects written as literals: a field that is unknown, missing or of another type. */
function mistakes(objects) {
  const lines = objects.map((object, index) => {
    const key = `${object.apiVersion}/${object.kind}`;
    if (!TYPES[key]) return `export const o${index}: never = ${JSON.stringify(key)};`;
    const type = `import('kubernetes-types/${TYPES[key]}.js').${object.kind}`;
    return `export const o${index}: ${type} = ${JSON.stringify(object)};`;
  });
  const name = path.resolve('manifests.ts');
  const options = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    lib: ['lib.es2022.d.ts'],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    target: ts.ScriptTarget.ES2022,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  const source = ts.createSourceFile(name, lines.join('\n'), ts.ScriptTarget.ES2022);
  host.getSourceFile = (file, ...rest) => (file === name ? source : getSourceFile(file, ...rest));
  host.fileExists = (file) => file === name || fileExists(file);
  return ts
    .getPreEmitDiagnostics(ts.createProgram([name], options, host))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}

describe('what Kubernetes knows', () => {
  it('is all that is used', () => {
    expect(everything.length).toBeGreaterThan(40);
    expect(mistakes(everything)).toEqual([]);
  });

  it('is really checked: a misspelt field, a missing one and a wrong type are found', () => {
    const deployment = () => structuredClone(find('Deployment', 'vertical'));
    const [misspelt, missing, wrong] = [deployment(), deployment(), deployment()];
    misspelt.spec.template.spec.containers[0].livenessProbe.periodSecond = 1;
    delete missing.spec.selector;
    wrong.spec.revisionHistoryLimit = 'five';
    expect(mistakes([misspelt])).toEqual([expect.stringMatching(/periodSecond.* does not exist/)]);
    expect(mistakes([missing])).toEqual([expect.stringMatching(/'selector' is missing/)]);
    expect(mistakes([wrong])).toEqual([expect.stringMatching(/'string' is not assignable to type 'number'/)]);
  });

  it('equals the output of kubectl, if it is installed', () => {
    const names = (objects) => objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort();
    for (const name of FOLDERS) {
      const { status, stdout, error } = spawnSync('kubectl', ['kustomize', path.join(FOLDER, name)], {
        encoding: 'utf8',
      });
      const theirs = error ? built[name] : parseAllDocuments(stdout).map((document) => document.toJS());
      if (!error) expect(status).toBe(0);
      // The generated name of the settings ends in a hash that kubectl computes.
      const withoutHash = JSON.parse(JSON.stringify(theirs).replace(/"settings-[a-z0-9]{10}"/g, '"settings"'));
      expect(names(withoutHash)).toEqual(names(built[name]));
      for (const ours of built[name]) expect(find(ours.kind, ours.metadata.name, withoutHash)).toEqual(ours);
    }
  });
});

describe.each(workloads)('%s', (_, object) => {
  const pod = podOf(object);
  const [container] = pod.containers;

  it('is confined: no root, only scratch space writable, no privilege, no access to the cluster’s API', () => {
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(pod.securityContext.runAsUser).toBeGreaterThan(0);
    for (const { securityContext } of pod.containers)
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    for (const volume of pod.volumes) expect(Object.keys(volume)).not.toContain('hostPath');
    expect(pod).not.toHaveProperty('hostNetwork');
  });

  it('states its requests and limits', () => {
    expect(container.resources).toEqual({
      requests: { cpu: expect.any(String), memory: expect.any(String) },
      limits: { memory: expect.any(String) },
    });
    for (const volume of pod.volumes.filter(({ emptyDir }) => emptyDir))
      expect(volume.emptyDir).toHaveProperty('sizeLimit');
  });

  it('runs an image by digest, and knows secrets by reference only', () => {
    expect(container.image).toMatch(/^basecommerce-(construction|engines|gateway)@sha256:[0-9a-f]{64}$/);
    for (const { name, value } of container.env ?? [])
      if (/KEY|URL|PASSWORD|TOKEN/.test(name)) expect([name, value]).toEqual([name, undefined]);
  });

  it('mounts every volume that it declares, and no other', () => {
    const volumes = pod.volumes.map(({ name }) => name).sort();
    expect([...new Set(container.volumeMounts.map(({ name }) => name))].sort()).toEqual(volumes);
  });

  it('is matched by its selectors', () => {
    const labels = podLabelsOf(object);
    expect(labels).toHaveProperty(['app.kubernetes.io/component']);
    for (const [key, value] of Object.entries(object.spec.selector?.matchLabels ?? {})) expect(labels[key]).toBe(value);
  });
});

describe('processes that stay', () => {
  const deployments = workloads.filter(([, { kind }]) => kind === 'Deployment');

  it.each(deployments)(
    '%s is replaced without a gap, probed on its own port, spread, and protected',
    (_, { spec, metadata }) => {
      expect(spec.strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
      const pod = spec.template.spec;
      const [container] = pod.containers;
      const ports = container.ports.map(({ name }) => name);
      for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'])
        expect(ports).toContain(container[probe].httpGet.port);
      expect(pod.topologySpreadConstraints.map(({ topologyKey }) => topologyKey)).toEqual([
        'kubernetes.io/hostname',
        'topology.kubernetes.io/zone',
      ]);
      expect(find('PodDisruptionBudget', metadata.name).spec.selector).toEqual(spec.selector);
    },
  );

  it('the vertical has three to twenty replicas, by CPU and memory, and only the autoscaler sets their number', () => {
    const { spec } = find('HorizontalPodAutoscaler', 'vertical');
    expect([spec.minReplicas, spec.maxReplicas]).toEqual([3, 20]);
    expect(spec.metrics.map(({ resource }) => resource.name)).toEqual(['cpu', 'memory']);
    expect(spec.scaleTargetRef).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'vertical' });
    expect(find('Deployment', 'vertical').spec).not.toHaveProperty('replicas');
    for (const { resources } of podOf(find('Deployment', 'vertical')).containers)
      expect(Object.keys(resources.requests).sort()).toEqual(['cpu', 'memory']);
  });

  it('probe what the application serves', () => {
    const settings = readFileSync('libs/platform/config/settings.ts', 'utf8');
    const ports = Object.fromEntries(
      [...settings.matchAll(/^ {2}'?(vertical|engines-worker|outbox-relay)'?: ([\d_]+),/gm)].map(([, name, port]) => [
        name,
        Number(port.replace('_', '')),
      ]),
    );
    const portsOf = (name) =>
      podOf(find('Deployment', name)).containers[0].ports.map(({ containerPort }) => containerPort);
    expect(portsOf('vertical')).toEqual([8000, ports['vertical']]);
    expect(portsOf('worker')).toEqual([ports['engines-worker']]);
    expect(portsOf('relay')).toEqual([ports['outbox-relay']]);
    expect(readFileSync('libs/platform/http/health.controller.ts', 'utf8')).toMatch(/health\/live[^]*health\/ready/);
    for (const name of ['vertical', 'relay', 'worker']) {
      const [container] = podOf(find('Deployment', name)).containers;
      expect(container.startupProbe.httpGet.path).toBe('/health/live');
      expect(container.livenessProbe.httpGet.path).toBe('/health/live');
      expect(container.readinessProbe.httpGet.path).toBe('/health/ready');
    }
  });

  it('have the time that they need to end', () => {
    const server = readFileSync('libs/platform/http/server.ts', 'utf8');
    const longest = Number(/requestTimeout: ([\d_]+)/.exec(server)?.[1]?.replace('_', '')) / 1_000;
    const pod = podOf(find('Deployment', 'vertical'));
    const drain = Number(pod.containers[0].env.find(({ name }) => name === 'DRAIN_SECONDS').value);
    // The failing readiness must be noticed before the listener closes.
    const { periodSeconds, failureThreshold, timeoutSeconds } = pod.containers[0].readinessProbe;
    expect(drain).toBeGreaterThan(periodSeconds * failureThreshold + timeoutSeconds);
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(drain + longest + 5);
    const gateway = podOf(find('Deployment', 'gateway'));
    const [, hook] = gateway.containers[0].lifecycle.preStop.exec.command;
    expect(gateway.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(Number(hook) + longest + 5);
  });
});

describe('passes', () => {
  const passes = production.filter(({ kind }) => kind === 'CronJob');

  it('are those of a droplet’s cron, at the same hours', () => {
    const crontab = readFileSync('infra/droplets/crontab', 'utf8');
    const lines = [
      ...crontab.matchAll(/^([\d*/,]+ [\d*/,]+ [\d*/,]+ [\d*/,]+ [\d*/,]+)\s+root\s.*\/bin\/run ([\w-]+)/gm),
    ];
    expect(lines.length).toBeGreaterThan(2);
    const theirs = Object.fromEntries(lines.map(([, schedule, pass]) => [pass, schedule]));
    expect(Object.fromEntries(passes.map(({ metadata, spec }) => [metadata.name, spec.schedule]))).toEqual(theirs);
  });

  it('never overlap with themselves, run in one time zone, and end', () => {
    for (const { metadata, spec } of passes) {
      const job = spec.jobTemplate.spec;
      expect(spec).toMatchObject({ concurrencyPolicy: 'Forbid', timeZone: 'Etc/UTC', suspend: false });
      expect(job).toMatchObject({ backoffLimit: 0, activeDeadlineSeconds: expect.any(Number) });
      expect(job.template.spec.containers[0].args).toEqual(['run', metadata.name]);
    }
  });
});

describe('the entry', () => {
  it('is the gateway, and no other route leads to the vertical', () => {
    const services = production.filter(({ kind }) => kind === 'Service');
    expect(services.map(({ metadata, spec }) => [metadata.name, spec.type ?? 'ClusterIP']).sort()).toEqual([
      ['gateway', 'LoadBalancer'],
      ['vertical', 'ClusterIP'],
    ]);
    // An Ingress would pass a client's X-Tenant-Slug on.
    expect(production.filter(({ kind }) => /Ingress$|Route$/.test(kind))).toEqual([]);
    const { env } = podOf(find('Deployment', 'gateway')).containers[0];
    expect(env).toContainEqual({ name: 'VERTICAL', value: 'vertical:8000' });
    const vertical = podOf(find('Deployment', 'vertical')).containers[0].env;
    expect(vertical).toContainEqual({ name: 'TENANT_SOURCE', value: 'header' });
  });

  it('starts the gateway with settings that it knows', () => {
    const known = readFileSync('infra/nginx/defaults.env', 'utf8');
    for (const { name } of podOf(find('Deployment', 'gateway')).containers[0].env)
      expect(known).toMatch(new RegExp(`^${name}=`, 'm'));
  });
});

describe('the network', () => {
  const policies = production.filter(({ kind }) => kind === 'NetworkPolicy');

  it('denies everything that is not listed', () => {
    expect(find('NetworkPolicy', 'nothing').spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
  });

  it('lets only the gateway connect to the vertical, and clients only to the gateway', () => {
    const rulesFor = (component) =>
      policies
        .filter(({ spec }) => spec.policyTypes.includes('Ingress') && selects(spec.podSelector, component))
        .flatMap(({ spec }) => spec.ingress ?? [])
        .filter(({ ports }) => ports.some(({ port }) => port === 'http'));
    expect(rulesFor('vertical').map(({ from }) => from)).toEqual([
      [{ podSelector: { matchLabels: { 'app.kubernetes.io/component': 'gateway' } } }],
    ]);
    expect(rulesFor('gateway').map(({ from }) => from)).toEqual([undefined]);
  });

  it('lets each reach only what it needs: PostgreSQL and Redis, the outside for mail and payments, and no metadata service', () => {
    const may = (name) =>
      ['gateway', 'vertical', 'relay', 'worker', 'pass', 'migrate'].filter((component) =>
        selects(find('NetworkPolicy', name).spec.podSelector, component),
      );
    expect(may('data-stores')).toEqual(['vertical', 'relay', 'worker', 'pass', 'migrate']);
    expect(may('outside')).toEqual(['vertical', 'worker', 'pass']);
    const [{ to }] = find('NetworkPolicy', 'outside').spec.egress;
    expect(to[0].ipBlock.except).toContain('169.254.0.0/16');
  });
});

function selects({ matchLabels = {}, matchExpressions = [] }, component) {
  const key = 'app.kubernetes.io/component';
  if (matchLabels[key] !== undefined && matchLabels[key] !== component) return false;
  return (
    Object.keys(matchLabels).length + matchExpressions.length > 0 &&
    matchExpressions.every(({ values }) => values.includes(component))
  );
}

describe('watching, where the operator for it is installed', () => {
  it('scrapes a port of each pod that it selects', () => {
    const [, monitor] = ['kustomization.yaml', 'pod-monitor.yaml'].map((name) =>
      parseAllDocuments(readFileSync(path.join(FOLDER, 'watching', name), 'utf8'))[0].toJS(),
    );
    const watched = workloads.filter(
      ([, { kind, metadata }]) => kind === 'Deployment' && selects(monitor.spec.selector, metadata.name),
    );
    expect(watched.map(([, { metadata }]) => metadata.name).sort()).toEqual(['relay', 'vertical', 'worker']);
    const [{ port, path: place }] = monitor.spec.podMetricsEndpoints;
    for (const [, object] of watched) expect(podOf(object).containers[0].ports.map(({ name }) => name)).toContain(port);
    expect(place).toBe('/metrics');
    // The network allows it.
    const [{ ports }] = find('NetworkPolicy', 'monitoring').spec.ingress;
    expect(ports.map((allowed) => allowed.port)).toContain(port);
  });
});

describe('environments', () => {
  it('are separate: each has a namespace, which refuses pods that are not confined', () => {
    const namespaces = ENVIRONMENTS.map((name) => built[name].find(({ kind }) => kind === 'Namespace'));
    expect(new Set(namespaces.map(({ metadata }) => metadata.name)).size).toBe(2);
    for (const { metadata } of namespaces)
      expect(metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
    for (const name of FOLDERS) {
      const own = namespaces[ENVIRONMENTS.indexOf(name.split('/')[0])].metadata.name;
      for (const object of built[name].filter(({ kind }) => kind !== 'Namespace'))
        expect(object.metadata.namespace).toBe(own);
    }
  });

  it('run nothing by default: an image that was not set has an impossible digest', () => {
    for (const { kind, ...object } of everything.filter(podOf))
      for (const { image } of podOf({ kind, ...object }).containers) expect(image).toMatch(/@sha256:0{64}$/);
  });

  it('set only settings that the processes read', () => {
    const settings = readFileSync('libs/platform/config/settings.ts', 'utf8');
    for (const name of ENVIRONMENTS)
      for (const variable of Object.keys(find('ConfigMap', 'settings', built[name]).data))
        expect(settings).toMatch(new RegExp(`^ {2}${variable}: `, 'm'));
  });

  it('use every file', () => {
    const files = readdirSync(path.join(FOLDER, 'system')).filter((name) => name !== 'kustomization.yaml');
    const listed = readFileSync(path.join(FOLDER, 'system/kustomization.yaml'), 'utf8');
    for (const file of files) expect(listed).toContain(`- ${file}\n`);
  });
});
