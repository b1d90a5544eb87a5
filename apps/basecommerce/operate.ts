/**
 * Runs a command's operation in this process, by the code that handles it behind the console's API: validation, transaction
 * and audit are the same. The actor is the person at the keyboard.
 */
import os from 'node:os';
import type { Problem } from '#contracts/problem';
import { DomainError, newId } from '#kernel';
import type { Invocation } from '#platform/command';
import type { Settings } from '#platform/config';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { problemOf, runAsOperator } from '#platform/http';
import { OPERATOR_ROOMS } from './doors.js';

export interface Answer {
  readonly status: number;
  /** What the operation answers with, or the problem when the status is 400 or above. */
  readonly body: unknown;
}

export function personAtTheKeyboard(): string {
  return `operator:cli:${os.userInfo().username}`;
}

/** A refusal is an answer; an error of ours or of the database is thrown. */
export async function operate(invocation: Invocation, settings: Settings): Promise<Answer> {
  const { operation } = invocation;
  const room = OPERATOR_ROOMS.find(({ operations }) => (Object.values(operations) as unknown[]).includes(operation));
  await room?.open();
  const database = new CrossTenantDatabase({
    url: settings.DATABASE_URL,
    role: 'basecommerce_operator',
    application: `basecommerce ${operation.command}`,
    maxConnections: 1,
  });
  try {
    await database.assertConfined();
    const body = await runAsOperator({ ...invocation, actor: personAtTheKeyboard() }, database, settings);
    return { status: operation.status, body };
  } catch (error) {
    if (!(error instanceof DomainError) || error.kind === 'internal') throw error;
    const problem: Problem = problemOf(error, newId());
    return { status: problem.status, body: problem };
  } finally {
    await database.close();
  }
}
