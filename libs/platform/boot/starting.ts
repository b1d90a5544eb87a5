/** What every process starts in, and its last words when it cannot: one line for what an operator can mend, a stack for what is our fault. */
import { disablePretenuring } from './pretenuring.js';
import { reasonNotStarted } from './reason.js';

const FAILED = 1;

/** Runs `start`; when it fails, says why and ends the process, whatever is open by then. */
export async function starting(title: string, start: () => Promise<unknown>): Promise<void> {
  disablePretenuring();
  try {
    await start();
  } catch (error) {
    const reason = await reasonNotStarted(error, process.env);
    process.stderr.write(`${title}: ${reason ?? (error instanceof Error ? error.stack : String(error))}\n`);
    process.exit(FAILED);
  }
}
