/** `npm run db:migrate`: the step between two releases. Images run it before they start anything new. */
import { migrate, migrationsDirectory } from '#platform/database/migrate';
import { DomainError } from '#kernel';
import { bootSettings } from '#platform/config';

const settings = bootSettings('migrate');
try {
  const applied = await migrate({
    url: settings.DATABASE_URL,
    directory: migrationsDirectory(),
    onProgress: (line) => process.stdout.write(`migrate: ${line}\n`),
  });
  process.stdout.write(applied.length === 0 ? 'migrate: nothing to do\n' : `migrate: ${applied.length} applied\n`);
} catch (error) {
  process.stderr.write(
    `migrate: ${error instanceof DomainError ? `${error.code}: ${error.message}` : String(error)}\n`,
  );
  process.exit(1);
}
