/** `npm run help`: prints every script in one line. The check compares this table with package.json. */
import { fileURLToPath } from 'node:url';

export const HELP = {
  start: 'install, build, start PostgreSQL and Redis, migrate, seed, run everything; Ctrl-C stops it all',
  dev: 'npm start, compiling what changes and starting the processes again',
  'dev:up': 'the same in containers, with live reload: docker-compose.dev.yml',
  'dev:down': 'stop those containers; their data stays',
  'dev:clean': 'stop them and delete their data, once it is confirmed',
  test: 'every test against real PostgreSQL, Redis and Nginx; arguments go to jest',
  'test:long': 'the same tests with the full samples of simulations and generated cases; the nightly workflow runs it',
  'test:containers': 'what needs a container engine: images, compose, droplets, backups; says so where none answers',
  build: 'compile to dist/ what has changed',
  'build:public': 'copy the API documentation readers into dist/public',
  servers: 'PostgreSQL and Redis for tests, kept running until --stop',
  check: 'format, types, lint, walls, unused code, names, words, readmes, freshness: what CI runs; --only NAME, --fix',
  gen: 'make the generated files again; --check proves them fresh',
  new: "a room, or a piece of one, in the house's shape: module, usecase, event, engine, vertical; --help",
  mutants: 'break the product on purpose, one way at a time, and see a test fail for each',
  bench:
    'the table of docs/performance.md, against floors and peers in the same run; rows by name, --write, --json FILE',
  doctor: 'look at the running system, red things first',
  help: 'this list',
  'db:migrate': 'apply pending migrations to DATABASE_URL',
  'db:seed': 'the demo stores, in development',
  'db:status': 'which migrations are applied',
  'db:diff': 'prove that migrations and the Prisma schema agree',
  prisma: 'the Prisma command, with its engine from WebAssembly',
  'prisma:generate': 'generate the Prisma client',
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const width = Math.max(...Object.keys(HELP).map((name) => name.length));
  for (const [name, text] of Object.entries(HELP)) process.stdout.write(`npm run ${name.padEnd(width)}  ${text}\n`);
}
