/** The migrations on disk: `prisma/migrations/<timestamp>_<name>/migration.sql`, applied in name order. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface Migration {
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, as Prisma records it. */
  readonly checksum: string;
  /** False if the first line has `-- no-transaction`: for statements such as CREATE INDEX CONCURRENTLY. */
  readonly isTransactional: boolean;
  /** The first line has `-- breaking`: processes older than it must not run against the migrated database. */
  readonly isBreaking: boolean;
}

export function readMigrations(directory: string): Migration[] {
  return readdirSync(directory)
    .filter((name) => existsSync(path.join(directory, name, 'migration.sql')))
    .sort()
    .map((name) => migrationOf(name, readFileSync(path.join(directory, name, 'migration.sql'), 'utf8')));
}

/** The first line may carry both marks: `-- breaking, no-transaction`. */
export function migrationOf(name: string, sql: string): Migration {
  const firstLine = /^--(.*)/.exec(sql)?.[1] ?? '';
  const marks = firstLine.split(',').map((mark) => mark.trim());
  return {
    name,
    sql,
    checksum: createHash('sha256').update(sql).digest('hex'),
    isTransactional: !marks.includes('no-transaction'),
    isBreaking: marks.includes('breaking'),
  };
}

/** The project's migrations, from sources or from the build, wherever this file runs. */
export function migrationsDirectory(): string {
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, 'prisma', 'migrations'))) {
    const parent = path.dirname(folder);
    if (parent === folder) throw new Error('prisma/migrations is not to be found above this program');
    folder = parent;
  }
  return path.join(folder, 'prisma', 'migrations');
}
