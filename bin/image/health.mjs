/**
 * The images' health check: is the first process of this container alive? It asks the port that this process listens on; a
 * pass or a command listens on none and is well as long as it runs. Exit 0 well, 1 not.
 */
import { readFileSync } from 'node:fs';
import { get } from 'node:http';

const TIMEOUT_MS = 3_000;
const { PORT, METRICS_PORT } = process.env;

const port = portOf(readFileSync('/proc/1/cmdline', 'utf8').split('\0'));
if (port !== undefined) {
  const request = get({ host: '127.0.0.1', port, path: '/health/live', timeout: TIMEOUT_MS }, ({ statusCode }) => {
    if (statusCode !== 200) end(`/health/live answered ${statusCode}`);
    process.exit(0);
  });
  request.once('timeout', () => end(`/health/live did not answer within ${TIMEOUT_MS / 1_000} s`));
  request.once('error', (error) => end(error.message));
}

function portOf(words) {
  const program = words.findIndex((word) => word.endsWith('/main.js'));
  const verb = words[program + 1] || 'work';
  switch (/apps\/([\w-]+)\/main\.js$/.exec(words[program] ?? '')?.[1]) {
    case 'vertical':
      return PORT || 8_000;
    case 'outbox-relay':
      return METRICS_PORT || 9_102;
    case 'engines-worker':
      return verb === 'work' ? METRICS_PORT || 9_101 : undefined;
    default:
      return undefined;
  }
}

function end(reason) {
  process.stdout.write(`${reason}\n`);
  process.exit(1);
}
