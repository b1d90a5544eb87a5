/**
 * The gateway as it ships: made by its own `render`, run by the Nginx of NGINX_BIN, on loopback, with limits that are
 * never reached.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { answering, freePort, ROOT } from './stage.js';

export const DOMAIN = 'shop.test';

/** `origin` uses TLS with a self-signed certificate. */
export async function openGateway(vertical: string): Promise<{ origin: string; close: () => Promise<void> }> {
  const nginx = process.env['NGINX_BIN'];
  if (!nginx) throw new Error('NGINX_BIN is set by `npm run bench`');
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bench-gateway-'));
  const [http, https, status] = [await freePort(), await freePort(), await freePort()];
  const places = ['state', 'certificates', 'pid', 'temp', 'log', 'error_log', 'web', 'acme', 'metrics'];
  const main = path.join(folder, 'nginx.conf');
  await promisify(execFile)(path.join(ROOT, 'infra/nginx/render'), ['--main', main], {
    env: {
      PATH: process.env['PATH'],
      BASE_DOMAIN: DOMAIN,
      VERTICAL: new URL(vertical).host,
      ...Object.fromEntries(places.map((name) => [`GATEWAY_${name.toUpperCase()}`, path.join(folder, name)])),
      GATEWAY_NGINX: `${nginx} -e ${folder}/error_log`,
      GATEWAY_HTTP: `127.0.0.1:${http}`,
      GATEWAY_HTTPS: `127.0.0.1:${https}`,
      GATEWAY_STATUS: `127.0.0.1:${status}`,
      GATEWAY_USER: os.userInfo().username,
      GATEWAY_WORKERS: '1',
      ...Object.fromEntries(['TENANT', 'ADDRESS'].map((whose) => [`GATEWAY_${whose}_RATE`, '100000r/s'])),
      ...Object.fromEntries(['TENANT', 'ADDRESS'].map((whose) => [`GATEWAY_${whose}_BURST`, '100000'])),
    },
  });
  const child = spawn(nginx, ['-e', `${folder}/error_log`, '-c', main, '-g', 'daemon off;'], { stdio: 'ignore' });
  await answering(`http://127.0.0.1:${status}/status`, child);
  return {
    origin: `https://127.0.0.1:${https}`,
    close: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
      await rm(folder, { recursive: true });
    },
  };
}
