/** Waits for the effect of another process. */
import { setTimeout as pause } from 'node:timers/promises';

/** Repeats until `isIt` accepts the answer and returns it; throws with the last answer at the limit. */
export async function eventually<T>(ask: () => Promise<T>, isIt: (answer: T) => boolean, seconds = 30): Promise<T> {
  const end = Date.now() + seconds * 1_000;
  for (;;) {
    const answer = await ask();
    if (isIt(answer)) return answer;
    if (Date.now() > end) throw new Error(`not within ${seconds} s; the last answer was ${JSON.stringify(answer)}`);
    await pause(100);
  }
}
