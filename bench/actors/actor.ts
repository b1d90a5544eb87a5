/** The child's side of the protocol with the bench: `ready`, then `go`, then its result. */
export function factsOf<Facts>(): Facts {
  return JSON.parse(process.argv[2] ?? '{}') as Facts;
}

export function say(word: string, facts: object = {}): void {
  if (process.connected) process.send!({ say: word, ...facts });
}

/** Sends `ready` and resolves with the facts of `go`. */
export function go<Facts = object>(): Promise<Facts> {
  return new Promise((resolve) => {
    process.on('message', (message: { say: string } & Facts) => {
      if (message.say === 'go') resolve(message);
    });
    say('ready');
  });
}

// Actors of a killed bench must end, because they would read its streams.
process.once('disconnect', () => process.exit(1));
