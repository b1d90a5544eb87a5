/** Starts a process. When the start fails, it prints one line for a cause that an operator can remove, or else the stack. */
import { disablePretenuring } from './pretenuring.js';

const FAILED = 1;

/** Runs `start`. When it fails, prints the reason and ends the process with code 1, without closing open connections. */
export async function starting(title: string, start: () => Promise<unknown>): Promise<void> {
  disablePretenuring();
  try {
    await start();
  } catch (error) {
    // Loaded here: it needs the driver of Redis, which most commands do without.
    const { reasonNotStarted } = await import('./reason.js');
    const reason = await reasonNotStarted(error, process.env);
    process.stderr.write(`${title}: ${reason ?? (error instanceof Error ? error.stack : String(error))}\n`);
    process.exit(FAILED);
  }
}
