/**
 * Does the part of `kubectl kustomize` that our folders use, so that the manifests are checked on a machine without it:
 * resources, components, namespace, labels, images by digest, generated settings and replacing patches. Anything else
 * in a kustomization is an error here.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

const KNOWN = new Set([
  'apiVersion',
  'kind',
  'resources',
  'components',
  'namespace',
  'labels',
  'images',
  'configMapGenerator',
  'patches',
]);
/** Our kinds without a namespace. */
const CLUSTER_WIDE = new Set(['Namespace']);

export function build(folder) {
  return apply(folder, []);
}

function apply(folder, given) {
  const file = path.join(folder, 'kustomization.yaml');
  const kustomization = parse(readFileSync(file, 'utf8'));
  const unknown = Object.keys(kustomization).filter((key) => !KNOWN.has(key));
  if (unknown.length > 0) throw new Error(`${file}: ${unknown.join(', ')} is not understood here`);
  let objects = [...given, ...(kustomization.resources ?? []).flatMap((name) => resources(path.join(folder, name)))];
  for (const { name, literals } of kustomization.configMapGenerator ?? []) {
    const data = Object.fromEntries(literals.map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]));
    objects.push({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
  }
  for (const name of kustomization.components ?? []) objects = apply(path.join(folder, name), objects);
  for (const { target, patch } of kustomization.patches ?? []) {
    const found = objects.filter(({ kind, metadata }) => kind === target.kind && metadata.name === target.name);
    if (found.length !== 1) throw new Error(`${file}: no ${target.kind} ${target.name} to patch`);
    for (const operation of parse(patch)) replace(found[0], operation, file);
  }
  for (const object of objects) {
    const { namespace, labels = [], images = [] } = kustomization;
    if (namespace && !CLUSTER_WIDE.has(object.kind)) object.metadata.namespace = namespace;
    for (const { pairs } of labels) label(object, pairs);
    for (const container of podOf(object)?.containers ?? []) {
      const image = images.find(({ name }) => name === container.image);
      if (image) container.image = `${image.newName ?? image.name}@${image.digest}`;
    }
  }
  return objects;
}

function resources(place) {
  if (existsSync(path.join(place, 'kustomization.yaml'))) return build(place);
  return parseAllDocuments(readFileSync(place, 'utf8')).map((document) => {
    if (document.errors.length > 0) throw new Error(`${place}: ${document.errors[0].message}`);
    return document.toJS();
  });
}

function replace(object, { op, path: pointer, value }, file) {
  const keys = pointer.split('/').slice(1);
  const last = keys.pop();
  const parent = keys.reduce((at, key) => at?.[key], object);
  if (op !== 'replace' || parent?.[last] === undefined) throw new Error(`${file}: cannot ${op} ${pointer}`);
  parent[last] = value;
}

function label(object, pairs) {
  object.metadata.labels = { ...object.metadata.labels, ...pairs };
  for (const template of [object.spec?.jobTemplate, ...templatesOf(object)].filter(Boolean))
    template.metadata = { ...template.metadata, labels: { ...template.metadata?.labels, ...pairs } };
}

function templatesOf({ kind, spec }) {
  if (kind === 'Deployment' || kind === 'Job') return [spec.template];
  if (kind === 'CronJob') return [spec.jobTemplate.spec.template];
  return [];
}

/** The pods an object makes. */
export function podOf(object) {
  return templatesOf(object)[0]?.spec;
}

export function podLabelsOf(object) {
  return templatesOf(object)[0]?.metadata.labels;
}
