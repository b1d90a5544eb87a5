/** Paths: the project, its data, and the downloads that all clones share. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

export const dataDir = path.resolve(root, process.env.BASECOMMERCE_DATA ?? '.data');

export const cacheDir = process.env.BASECOMMERCE_CACHE ?? path.join(os.homedir(), '.cache', 'basecommerce');

export function within(directory, ...parts) {
  const target = path.join(directory, ...parts);
  mkdirSync(path.dirname(target), { recursive: true });
  return target;
}

/** Undefined when the file is missing or incomplete; its writer will write it again. */
export function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Written beside and renamed, so that a reader never sees half a file. */
export function writeJson(file, value, mode = 0o644) {
  mkdirSync(path.dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, JSON.stringify(value, null, 2) + '\n', { mode });
  renameSync(draft, file);
}

export { existsSync };
