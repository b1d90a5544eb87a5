/**
 * Writes a package.json and a lockfile with the packages of an image: those of the processes (`runtime`), or also those
 * of the compiler (`build`). They come from the project's lockfile, so versions and checksums are the same. Packages of
 * tests, benchmarks and the launcher are never fetched, and a change of them leaves the image's layer unchanged.
 *
 *   node tools/containers/dependencies.mjs runtime|build <directory>
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** `prisma` generates the client and the row types, which the compiler needs. */
const COMPILERS = ['typescript', 'prisma', '@scalar/api-reference', 'redoc', 'swagger-ui-dist'];

/** `names` of the project's dependencies, and everything these need, at the places where npm puts it. */
export function closureOf(lock, names) {
  const kept = new Set();
  const waiting = names.map((name) => ({ from: '', name, isOptional: false }));
  while (waiting.length > 0) {
    const { from, name, isOptional } = waiting.pop();
    const place = placeOf(lock, from, name);
    if (place === undefined && !isOptional)
      throw new Error(`package-lock.json lacks ${name}, which ${from || 'the project'} needs`);
    if (place === undefined || kept.has(place)) continue;
    kept.add(place);
    waiting.push(...needsOf(lock.packages[place]).map((need) => ({ ...need, from: place })));
  }
  return kept;
}

/** Searches as Node does: beside the package that needs it, then one folder up, and so on. */
function placeOf(lock, from, name) {
  for (let folder = from; ; folder = parentOf(folder)) {
    const place = `${folder ? `${folder}/` : ''}node_modules/${name}`;
    if (lock.packages[place]) return place;
    if (folder === '') return undefined;
  }
}

function parentOf(folder) {
  const cut = folder.lastIndexOf('/node_modules/');
  return cut < 0 ? '' : folder.slice(0, cut);
}

function needsOf({ dependencies = {}, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} }) {
  return [
    ...Object.keys(dependencies).map((name) => ({ name, isOptional: name in optionalDependencies })),
    ...Object.keys(optionalDependencies).map((name) => ({ name, isOptional: true })),
    ...Object.keys(peerDependencies)
      .filter((name) => !peerDependenciesMeta[name]?.optional)
      .map((name) => ({ name, isOptional: false })),
  ];
}

/** Makes a manifest and a lockfile that agree with each other, so that `npm ci` installs nothing else. */
export function cutDown(manifest, lock, purpose) {
  const { name, version, type, imports, engines, dependencies, devDependencies } = manifest;
  const types = ['node', ...Object.keys(dependencies)]
    .map((each) => `@types/${each}`)
    .filter((each) => each in devDependencies);
  const compilers = purpose === 'build' ? [...COMPILERS, ...types] : [];
  const wanted = Object.fromEntries([
    ...Object.entries(dependencies),
    ...compilers.map((each) => [each, devDependencies[each]]),
  ]);
  const kept = closureOf(lock, Object.keys(wanted));
  const packages = Object.fromEntries(
    Object.entries(lock.packages)
      .filter(([place]) => kept.has(place))
      .map(([place, { dev: _, devOptional, ...entry }]) => [place, devOptional ? { ...entry, optional: true } : entry]),
  );
  const root = { name, version, engines, dependencies: wanted };
  return {
    manifest: { name, version, private: true, type, imports, engines, dependencies: wanted },
    lock: { name, version, lockfileVersion: lock.lockfileVersion, requires: true, packages: { '': root, ...packages } },
  };
}

if (process.argv[1] === import.meta.filename) {
  const [purpose, directory] = process.argv.slice(2);
  if (!['runtime', 'build'].includes(purpose) || !directory) {
    process.stderr.write('usage: node tools/containers/dependencies.mjs runtime|build <directory>\n');
    process.exit(64);
  }
  const [manifest, lock] = ['package.json', 'package-lock.json'].map((file) => JSON.parse(readFileSync(file, 'utf8')));
  const cut = cutDown(manifest, lock, purpose);
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, 'package.json'), `${JSON.stringify(cut.manifest, null, 2)}\n`);
  writeFileSync(path.join(directory, 'package-lock.json'), `${JSON.stringify(cut.lock, null, 2)}\n`);
}
