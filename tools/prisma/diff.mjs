/**
 * Checks that the migrations and prisma/schema agree. It applies all migrations to an empty database and lets Prisma
 * compute the changes from there to the models. What Prisma cannot express (policies, grants, checks, partitions,
 * exclusion constraints, functions) it does not compare; prisma/structure.sql shows those.
 *
 *   npm run db:diff        exit 0: they agree · 1: they differ, and the SQL of the difference is printed
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { withMigratedDatabase } from './scratch-database.mjs';

const DIFFERENT = 2;

const result = await withMigratedDatabase((url) =>
  spawnSync(
    process.execPath,
    [
      path.join(import.meta.dirname, 'prisma.mjs'),
      'migrate',
      'diff',
      '--from-config-datasource',
      '--to-schema',
      'prisma/schema',
      '--script',
      '--exit-code',
    ],
    { encoding: 'utf8', env: { ...process.env, DATABASE_URL: url } },
  ),
);
if (result.status === DIFFERENT) {
  process.stderr.write(
    'Migrations and prisma/schema differ. To arrive at the models from what the migrations make:\n\n',
  );
  process.stderr.write(
    `${result.stdout}\nWrite the migration, or run \`npm run gen\` to make the models from the migrations.\n`,
  );
} else if (result.status !== 0) {
  process.stderr.write(result.stderr + result.stdout);
}
process.exitCode = result.status === 0 ? 0 : 1;
