/** A copy of the tree that may be broken or grown at will; what is installed is shared with it. The caller removes it. */
import { cpSync, existsSync, mkdtempSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from './places.mjs';

const COPIED = [
  'apps',
  'bench',
  'bin',
  'docs',
  'infra',
  'libs',
  'prisma',
  'tests',
  'tools',
  'dist',
  '.dependency-cruiser.cjs',
  '.prettierrc.json',
  'ARCHITECTURE.md',
  'README.md',
  'jest.config.mjs',
  'package-lock.json',
  'package.json',
  'prisma.config.ts',
  'tsconfig.bench.json',
  'tsconfig.build.json',
  'tsconfig.json',
];

export function copyOfTree(name) {
  const copy = mkdtempSync(path.join(os.tmpdir(), `${name}-`));
  for (const entry of COPIED) {
    if (existsSync(path.join(root, entry))) cpSync(path.join(root, entry), path.join(copy, entry), { recursive: true });
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
  return copy;
}
