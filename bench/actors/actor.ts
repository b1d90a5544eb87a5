/** The child's side of a conversation with the bench: `ready`, then `go`, then what it has to say. */
export function factsOf<Facts>(): Facts {
  return JSON.parse(process.argv[2] ?? '{}') as Facts;
}

export function say(word: string, facts: object = {}): void {
  if (process.connected) process.send!({ say: word, ...facts });
}

/** Says `ready` and resolves with the facts of `go`. */
export function go<Facts = object>(): Promise<Facts> {
  return new Promise((resolve) => {
    process.on('message', (message: { say: string } & Facts) => {
      if (message.say === 'go') resolve(message);
    });
    say('ready');
  });
}

// A bench that was killed must not leave actors behind that read its streams.
process.once('disconnect', () => process.exit(1));
