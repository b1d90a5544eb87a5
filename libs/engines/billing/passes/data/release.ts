/** The release of this process, for the record of runs: the version in package.json, however the process was started. */
import { existsSync, readFileSync } from 'node:fs';

export const RELEASE = releaseFrom(new URL('.', import.meta.url));

/** Node resolves our own imports by the nearest package.json above, so this file always exists. */
function releaseFrom(folder: URL): string {
  const file = new URL('package.json', folder);
  if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  return releaseFrom(new URL('..', folder));
}
