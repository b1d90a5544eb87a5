/** The exit codes of every command. */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3 } as const;
