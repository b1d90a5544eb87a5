/** Prints `usage` and ends the process when help was asked for, so that help needs no configuration. */
export function printUsageWhenAsked(usage: string): void {
  if (!process.argv.slice(2).some((word) => word === '--help' || word === '-h' || word === 'help')) return;
  process.stdout.write(`${usage}\n\nSettings come from the environment: docs/reference/configuration.md lists them.\n`);
  process.exit(0);
}
