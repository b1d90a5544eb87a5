/** Certificates for tests are made by openssl, as on a droplet: the one on the PATH, else Debian's package unpacked. */
import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';

let found: string | undefined;

/** A PATH that contains an openssl. */
export async function opensslOnPath(): Promise<string> {
  found ??= await find();
  return found;
}

async function find(): Promise<string> {
  const usual = process.env['PATH'] ?? '';
  if (spawnSync('openssl', ['version']).status === 0) return usual;
  const unpacker = path.resolve(import.meta.dirname, '../../tools/launch/debian.mjs');
  const { unpackedPackages } = (await import(unpacker)) as {
    unpackedPackages: (name: string, packages: string[]) => string;
  };
  return `${path.join(unpackedPackages('openssl', ['openssl']), 'usr/bin')}:${usual}`;
}

/** A self-signed pair for these names, in a folder as certbot leaves it. */
export async function makeCertificate(folder: string, names: readonly string[], days = 90): Promise<void> {
  const alternative = names.map((name) => `DNS:${name}`).join(',');
  const args = [
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', String(days)],
    ['-subj', `/CN=${names[0]}`, '-addext', `subjectAltName=${alternative}`],
    ['-keyout', path.join(folder, 'privkey.pem'), '-out', path.join(folder, 'fullchain.pem')],
  ].flat();
  execFileSync('openssl', args, { stdio: 'ignore', env: { ...process.env, PATH: await opensslOnPath() } });
}
