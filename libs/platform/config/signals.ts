/**
 * The kernel ignores SIGTERM and SIGINT for the first process of a container unless the process listens for them, and
 * then `docker stop` would wait for its full grace and kill. Until another listener is added, and for all one-shot
 * work, the signal ends the process with the usual exit code, 128 plus its number.
 */
const NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;

export function endOnSignals(): void {
  for (const [signal, number] of Object.entries(NUMBERS)) {
    process.on(signal, () => {
      // A listener that was added later (a server that drains) decides alone.
      if (process.listenerCount(signal) === 1) process.exit(128 + number);
    });
  }
}
