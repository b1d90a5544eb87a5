/** Waiting for what another process brings about. */
import { setTimeout as pause } from 'node:timers/promises';

/** Asks until `isIt` says yes and returns what it said so of; throws with the last answer when time is up. */
export async function eventually<T>(ask: () => Promise<T>, isIt: (answer: T) => boolean, seconds = 30): Promise<T> {
  const end = Date.now() + seconds * 1_000;
  for (;;) {
    const answer = await ask();
    if (isIt(answer)) return answer;
    if (Date.now() > end) throw new Error(`not within ${seconds} s; the last answer was ${JSON.stringify(answer)}`);
    await pause(100);
  }
}
