/**
 * Sends the notices that were recorded and not handed over yet, oldest first, each at most once per call.
 *
 *   recorded ─▶ claimed: attempts + 1, committed ─▶ mail ─┬─ 250 ─▶ handed over, committed
 *                  ▲                                      ├─ failure ─▶ waits (notices/retries.ts) ──╮
 *                  ╰──────────────────────────────────────┼──────────────────────────────────────────╯
 *                                                         ╰─ refused ─▶ waits for another address, or a person
 *
 * During a mail, a transaction holds the row of its notice and nothing else, so that no other sender sends it too. If the
 * sender crashes, the lock ends with its connection. If it crashes between the server's 250 and our commit, the mail is sent
 * once more, with the same Message-ID (ADR 15). A notice counts as handed over when a mail server has accepted it, or when
 * its content is no longer true. It does not when the address is refused: the tenant was then not warned and must not be
 * suspended.
 */
import { sql } from '#platform/database';
import type { CrossTenantDatabase, CrossTenantTransaction } from '#platform/database/crossing';
import type { Delivery, Mailer } from '#platform/mail';
import { type ClaimedNotice, claimNotice, type NoticeKey } from '../notices/claim-notice.js';
import { type Notice, type NoticeFacts, renderNotice } from '../notices/notice.js';
import { noticeFacts } from '../notices/notice-facts.js';
import { NO_ADDRESS, refusedAt } from '../notices/retries.js';

export interface SendNoticesOptions {
  /** The largest number of notices to look at. */
  readonly limit: number;
  /** Of this tenant only, and without waiting, because a person requested it. */
  readonly tenant?: string | undefined;
  /** The address where a tenant pays, if the operator has set it. */
  readonly storeUrl?: ((slug: string) => string) | undefined;
}

export interface NoticeOutcome extends NoticeKey {
  readonly slug: string;
  readonly outcome: 'handed_over' | 'later' | 'refused' | 'no_address' | 'overtaken' | 'taken';
  /** The text of `last_error`, for a person. */
  readonly reason: string | null;
  readonly attempts: number;
}

/** This number of server failures in a row is not caused by the mails; the next call takes the rest. */
const PATIENCE = 3;
/** Longer than any mail takes to fail; other connections have 15 s. */
const SENDING_LIMIT_MS = 300_000;

type Handling = Pick<NoticeOutcome, 'outcome' | 'reason'> & { readonly isServerTrouble?: boolean };

export async function* sendNotices(
  database: CrossTenantDatabase,
  mailer: Mailer,
  { limit, tenant, storeUrl }: SendNoticesOptions,
): AsyncGenerator<NoticeOutcome> {
  let previous: ClaimedNotice | undefined;
  let troubles = 0;
  for (let looked = 0; looked < limit && troubles < PATIENCE; looked++) {
    const claimed = await claimNotice(database, previous, tenant);
    if (!claimed) return;
    const { isServerTrouble = false, ...handling } = await handleNotice(database, mailer, claimed, storeUrl);
    troubles = isServerTrouble ? troubles + 1 : 0;
    const { episode, step, slug, attempts } = claimed;
    yield { tenant: claimed.tenant, episode, step, slug, attempts, ...handling };
    previous = claimed;
  }
}

async function handleNotice(
  database: CrossTenantDatabase,
  mailer: Mailer,
  claimed: ClaimedNotice,
  storeUrl: SendNoticesOptions['storeUrl'],
): Promise<Handling> {
  const { address, overtakenBy } = claimed;
  if (overtakenBy !== null) {
    const reason =
      overtakenBy === 'settled' ? 'not sent: nothing is owed any more' : 'not sent: a newer one tells more';
    return keep(database, claimed, { outcome: 'overtaken', reason });
  }
  if (address === null) return keep(database, claimed, { outcome: 'no_address', reason: NO_ADDRESS });
  return send(database, mailer, { ...claimed, address }, storeUrl);
}

async function send(
  database: CrossTenantDatabase,
  mailer: Mailer,
  notice: ClaimedNotice & { readonly address: string },
  storeUrl: SendNoticesOptions['storeUrl'],
): Promise<Handling> {
  let handling: Handling | undefined;
  try {
    return await database.transaction(async (tx) => {
      if (!(await isStillOurs(tx, notice))) return { outcome: 'taken', reason: null };
      // If the transaction runs again, the mail is not sent again.
      handling ??= await attempt(tx, mailer, notice, storeUrl);
      await record(tx, notice, handling);
      return handling;
    });
  } catch (error) {
    if (!handling) throw error;
    // The mail has been handled and the connection is lost: another connection may still record it.
    return keep(database, notice, handling);
  }
}

/** Locked until the transaction ends. A later counted attempt means that another sender works on it. */
async function isStillOurs(tx: CrossTenantTransaction, { tenant, episode, step, attempts }: ClaimedNotice) {
  const [, found] = await tx.batch([
    sql`select set_config('idle_in_transaction_session_timeout', ${String(SENDING_LIMIT_MS)}, true)`,
    sql`select from billing_notices
         where tenant_id = ${tenant} and episode_id = ${episode} and step = ${step}
           and attempts = ${attempts}::smallint and handed_over_at is null
           for update skip locked`,
  ]);
  return found.length > 0;
}

async function attempt(
  tx: CrossTenantTransaction,
  mailer: Mailer,
  notice: ClaimedNotice & { readonly address: string },
  storeUrl: SendNoticesOptions['storeUrl'],
): Promise<Handling> {
  const facts = await noticeFacts(tx, notice, storeUrl);
  // Paid, and no pass has closed the episode yet. A refund may make it owed again, so the notice stays.
  if (facts.invoices.length === 0 && notice.step !== 'restored')
    return { outcome: 'later', reason: 'nothing is past due right now' };
  const rendered = written(facts);
  if (rendered instanceof Error) return { outcome: 'later', reason: `cannot be written: ${rendered.message}` };
  const { tenant, episode, step, address } = notice;
  const messageId = `notice.${tenant}.${episode}.${step}`;
  return handlingOf(await mailer.send({ to: address, ...rendered, messageId }), address);
}

/** A tenant whose zone or currency is unknown must not stop the notices of the others. */
function written(facts: NoticeFacts): Notice | Error {
  try {
    return renderNotice(facts);
  } catch (error) {
    return error as Error;
  }
}

function handlingOf(delivery: Delivery, address: string): Handling {
  switch (delivery.outcome) {
    case 'accepted':
      return { outcome: 'handed_over', reason: null };
    case 'refused':
      return { outcome: 'refused', reason: `${refusedAt(address)}${delivery.reason}` };
    case 'trouble':
      return { outcome: 'later', reason: delivery.reason, isServerTrouble: delivery.of === 'server' };
  }
}

async function keep(database: CrossTenantDatabase, notice: NoticeKey, handling: Handling): Promise<Handling> {
  await database.transaction((tx) => record(tx, notice, handling));
  return handling;
}

/** A notice handed over once stays so, whatever a slower sender reports. */
async function record(tx: CrossTenantTransaction, notice: NoticeKey, { outcome, reason }: Handling): Promise<void> {
  const { tenant, episode, step } = notice;
  const isDone = outcome === 'handed_over' || outcome === 'overtaken';
  await tx.execute(sql`
    update billing_notices
       set handed_over_at = case when ${isDone}::boolean then clock_timestamp() + (app.now() - now()) end, last_error = ${reason}
     where tenant_id = ${tenant} and episode_id = ${episode} and step = ${step} and handed_over_at is null`);
}
