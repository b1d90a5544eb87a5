/** The server code of the console, in this process: validation, transaction and audit are the same; the actor is the person at the keyboard. */
import { randomBytes } from 'node:crypto';
import os from 'node:os';
import type { Invocation } from '#platform/command';
import type { Settings } from '#platform/config';
import { createHttpApp } from '#platform/http';
import { CommandModule } from './app.module.js';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export function personAtTheKeyboard(): string {
  return `operator:cli:${os.userInfo().username}`;
}

export async function ask(invocation: Invocation, settings: Settings): Promise<Answer> {
  // A key for this process only: a person who can start it with the database's address needs no other proof.
  const key = randomBytes(48).toString('base64url');
  const own = {
    ...settings,
    MANAGEMENT_API_KEY: key,
    SECRET_KEY: key,
    LOG_LEVEL: 'silent' as const,
    METRICS_ENABLED: false,
    managementActor: personAtTheKeyboard(),
  };
  const app = await createHttpApp(CommandModule.with(own), own);
  try {
    await app.init();
    const answer = await app.inject({
      method: invocation.operation.method,
      url: invocation.path,
      headers: {
        host: `console.${settings.BASE_DOMAIN}`,
        authorization: `Bearer ${key}`,
        ...(invocation.isDryRun ? { 'x-dry-run': 'true' } : {}),
      },
      ...(invocation.body ? { payload: invocation.body } : {}),
    });
    return { status: answer.statusCode, body: answer.json<unknown>() };
  } finally {
    await app.close();
  }
}
