/**
 * `node ask.mjs ORIGIN HOST PATH BODY [--data FILE] [--header FILE] [--certificate NAME]`: sends one request to ORIGIN
 * for HOST, with the certificate check, SNI and Host that a browser would use, independent of DNS. NAME is for a HOST
 * without a certificate of its own. It prints the status (000 without an answer) and writes the body to the file BODY.
 * Secrets come in files, never as an argument.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

const PATIENCE_MS = 10_000;

const [origin, host, path, bodyFile, ...options] = process.argv.slice(2);
const given = Object.fromEntries(options.map((name, index) => [name, options[index + 1]]));
const { protocol, hostname, port } = new URL(origin);
const data = given['--data'] && readFileSync(given['--data']);
const [name, value] = given['--header'] ? readFileSync(given['--header'], 'utf8').trim().split(': ') : [];

const request = (protocol === 'https:' ? https : http).request({
  hostname,
  port,
  path,
  servername: given['--certificate'] ?? host,
  method: data ? 'POST' : 'GET',
  headers: { host, ...(data && { 'content-type': 'application/json' }), ...(name && { [name]: value }) },
  signal: AbortSignal.timeout(PATIENCE_MS),
});
request.once('error', (/** @type {NodeJS.ErrnoException} */ error) => {
  writeFileSync(bodyFile, error.code ?? error.message);
  process.stdout.write('000');
});
request.once('response', (response) => {
  const chunks = [];
  response.on('data', (chunk) => chunks.push(chunk));
  response.once('end', () => {
    writeFileSync(bodyFile, Buffer.concat(chunks));
    process.stdout.write(String(response.statusCode));
  });
});
request.end(data);
