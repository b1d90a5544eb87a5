/** `npm run bench`: starts servers that write as durably as production does, then dist/bench with the arguments. */
import { spawn } from 'node:child_process';
import { build, buildBench, checkNode, install } from './build.mjs';
import { nginxBinary } from './nginx.mjs';
import { root } from './places.mjs';
import { main } from './say.mjs';
import { startServers, stopServers } from './servers.mjs';

await main(async () => {
  checkNode();
  install();
  build();
  buildBench();
  const { databaseUrl, redisUrl } = await startServers('bench');
  try {
    process.exitCode = await bench({ DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, NGINX_BIN: nginxBinary() });
  } finally {
    await stopServers('bench', { forget: true });
  }
});

function bench(environment) {
  const child = spawn(process.execPath, ['dist/bench/main.js', ...process.argv.slice(2)], {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: 'inherit',
  });
  // Ctrl-C reaches the child directly; this process only stops the servers afterwards.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}
