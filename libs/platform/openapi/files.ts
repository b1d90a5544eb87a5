/** The files in dist/public/docs (made by tools/build/public.mjs). They are read once and kept: two megabytes, compressed. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface PublicFile {
  readonly type: string;
  readonly content: Buffer;
  readonly encoding: 'gzip' | undefined;
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

/** The folder when the build runs, or when the sources run (tests). */
const FOLDER = ['../../../public/docs', '../../../dist/public/docs']
  .map((folder) => path.resolve(import.meta.dirname, folder))
  .find((folder) => existsSync(folder));

let manifest: Readonly<Record<string, string>> | undefined;
const kept = new Map<string, Buffer>();

/** The address of a file by its plain name. */
export function addressOf(name: string): string {
  return `/docs/files/${names()[name] ?? name}`;
}

/** A file by the name that contains its hash. No other file of the folder can be requested. */
export function publicFile(hashed: string, acceptsGzip: boolean): PublicFile | undefined {
  const type = TYPES[path.extname(hashed)];
  if (!FOLDER || !type || !Object.values(names()).includes(hashed)) return undefined;
  const file = acceptsGzip ? `${hashed}.gz` : hashed;
  const content = kept.get(file) ?? readFileSync(path.join(FOLDER, file));
  if (acceptsGzip) kept.set(file, content);
  return { type, content, encoding: acceptsGzip ? 'gzip' : undefined };
}

function names(): Readonly<Record<string, string>> {
  if (!FOLDER) return {};
  manifest ??= JSON.parse(readFileSync(path.join(FOLDER, 'manifest.json'), 'utf8')) as Record<string, string>;
  return manifest;
}
