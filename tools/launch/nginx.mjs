/** The Nginx that tests run the gateway's configuration on: one on the PATH, else Debian's package unpacked. */
import path from 'node:path';
import { existsSync } from 'node:fs';
import { hasApt, unpackedPackages } from './debian.mjs';
import { output } from './processes.mjs';
import { Refusal } from './say.mjs';

export function nginxBinary() {
  if (process.env.NGINX_BIN) return process.env.NGINX_BIN;
  for (const candidate of ['/usr/sbin/nginx', 'nginx']) {
    if (output(candidate, ['-v']) !== undefined) return candidate;
  }
  if (hasApt) {
    const binary = path.join(unpackedPackages('nginx', ['nginx']), 'usr/sbin/nginx');
    if (existsSync(binary)) return binary;
  }
  throw new Refusal('Nginx was not found. Install it (for example: apt-get install nginx) or set NGINX_BIN.');
}
