/** Prints progress, one line per step, with the time since the start, so that a slow step is visible. */
const startedAt = performance.now();
const isColoured = process.stdout.isTTY && !process.env.NO_COLOR;

export function say(text) {
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1).padStart(5);
  process.stdout.write(`${dim(`${seconds}s`)}  ${text}\n`);
}

export function dim(text) {
  return isColoured ? `\x1b[2m${text}\x1b[0m` : text;
}

export function bold(text) {
  return isColoured ? `\x1b[1m${text}\x1b[0m` : text;
}

/** An error that the person can correct; it is shown without a stack. */
export class Refusal extends Error {}

/** Runs a command's main function; a Refusal is one clear line, anything else a fault with its stack. */
export async function main(work) {
  try {
    await work();
  } catch (error) {
    process.stderr.write(error instanceof Refusal ? `\n${error.message}\n` : `\n${error?.stack ?? error}\n`);
    process.exitCode = 1;
  }
}
