/** Charges and mails of a restored database may have been made already: they wait for an operator (libs/platform/recovery). */
import type { PassContext, PassEvent } from '#platform/inbox';
import { fenceOf } from '#platform/recovery';

/** Said once where something would have left; undefined when it may. */
export async function fenced({ database }: Pick<PassContext, 'database'>): Promise<PassEvent | undefined> {
  const because = await fenceOf(database);
  return because === undefined ? undefined : { kind: 'failed', facts: { recovery: 'fenced', reason: because } };
}
