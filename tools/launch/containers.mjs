/**
 * `npm run test:containers`: runs the tests that need a container engine. If none answers, it prints one line and runs
 * nothing. Arguments go to jest.
 */
import { spawn, spawnSync } from 'node:child_process';
import { checkNode, install } from './build.mjs';
import { root } from './places.mjs';
import { main, say } from './say.mjs';

await main(async () => {
  const engine = spawnSync('docker', ['version', '--format', '{{.Server.Version}}'], { encoding: 'utf8' });
  if (engine.status !== 0) {
    const reason = engine.error ? 'there is no docker command' : engine.stderr.trim().split('\n').at(-1);
    say(`skipped: no container engine answers (${reason}). Set DOCKER_HOST, or start one, and run this again`);
    return;
  }
  checkNode();
  install();
  say(`container engine ${engine.stdout.trim()}`);
  const child = spawn(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--no-warnings',
      'node_modules/jest/bin/jest.js',
      '--config=jest.containers.config.mjs',
      ...process.argv.slice(2),
    ],
    { cwd: root, env: { ...process.env, NODE_ENV: 'test' }, stdio: 'inherit' },
  );
  process.exitCode = await new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
});
