/** A restored database may have made its charges and mails already: they wait for an operator (libs/platform/recovery). */
import type { PassContext, PassEvent } from '#platform/inbox';
import { fenceOf } from '#platform/recovery';

/** Reports once that charges or mails are held back; undefined when they are allowed. */
export async function fenced({ database }: Pick<PassContext, 'database'>): Promise<PassEvent | undefined> {
  const because = await fenceOf(database);
  return because === undefined ? undefined : { kind: 'failed', facts: { recovery: 'fenced', reason: because } };
}
