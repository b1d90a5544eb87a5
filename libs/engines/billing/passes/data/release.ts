/** Which release this process is of, for the record of runs: as package.json says, however the process was started. */
import { existsSync, readFileSync } from 'node:fs';

export const RELEASE = releaseFrom(new URL('.', import.meta.url));

/** The nearest package.json above is the one by which Node resolves our own imports, so it is always there. */
function releaseFrom(folder: URL): string {
  const file = new URL('package.json', folder);
  if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  return releaseFrom(new URL('..', folder));
}
