/** Prisma's command line with the project's schema engine: `npm run prisma -- migrate status`. */
import { spawn } from 'node:child_process';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..', '..');
const engine = path.join(import.meta.dirname, 'schema-engine.mjs');

const child = spawn(
  process.execPath,
  [path.join(root, 'node_modules', 'prisma', 'build', 'index.js'), ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      // Windows cannot start a script as a program, so there Prisma downloads its own engine.
      ...(process.platform !== 'win32' && { PRISMA_SCHEMA_ENGINE_BINARY: engine }),
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    },
  },
);
child.on('exit', (code) => (process.exitCode = code ?? 1));
