/**
 * Sends the notices that were recorded and not handed over yet, oldest first, each at most once per call.
 *
 *   recorded ─▶ claimed: attempts + 1, committed ─▶ mail ─┬─ 250 ─▶ handed over, committed
 *                  ▲                                      ├─ trouble ─▶ waits (notices/retries.ts) ──╮
 *                  ╰──────────────────────────────────────┼──────────────────────────────────────────╯
 *                                                         ╰─ refused ─▶ waits for another address, or a person
 *
 * While a mail is on its way, a transaction holds its notice's row and nothing else, so that no other sender sends it too; a
 * sender that dies lets go of it by dying. If that happens between the server's 250 and our commit, the mail goes out once
 * more, with the same Message-ID (ADR 15). A notice counts as handed over when a mail server has taken it, or when what it
 * would say is no longer so; not when the address is refused, for then nobody was warned and nobody may be suspended.
 */
import { sql } from '#platform/database';
import type { CrossTenantDatabase, CrossTenantTransaction } from '#platform/database/crossing';
import type { Delivery, Mailer } from '#platform/mail';
import { type ClaimedNotice, claimNotice, type NoticeKey } from '../notices/claim-notice.js';
import { type Notice, type NoticeFacts, renderNotice } from '../notices/notice.js';
import { noticeFacts } from '../notices/notice-facts.js';
import { NO_ADDRESS, refusedAt } from '../notices/retries.js';

export interface SendNoticesOptions {
  /** Notices looked at, at most. */
  readonly limit: number;
  /** Of this tenant only, and without waiting: a person has asked for it. */
  readonly tenant?: string | undefined;
  /** Where a tenant pays, if the operator has a place for it. */
  readonly storeUrl?: ((slug: string) => string) | undefined;
}

export interface NoticeOutcome extends NoticeKey {
  readonly slug: string;
  readonly outcome: 'handed_over' | 'later' | 'refused' | 'no_address' | 'overtaken' | 'taken';
  /** For a person; what `last_error` says. */
  readonly reason: string | null;
  readonly attempts: number;
}

/** So many failures of the server in a row are not the mails'; the rest waits for the next call. */
const PATIENCE = 3;
/** Longer than any mail takes to fail; every connection has 15 s otherwise. */
const SENDING_LIMIT_MS = 300_000;

type Told = Pick<NoticeOutcome, 'outcome' | 'reason'> & { readonly isServerTrouble?: boolean };

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
    const { isServerTrouble = false, ...told } = await tell(database, mailer, claimed, storeUrl);
    troubles = isServerTrouble ? troubles + 1 : 0;
    const { episode, step, slug, attempts } = claimed;
    yield { tenant: claimed.tenant, episode, step, slug, attempts, ...told };
    previous = claimed;
  }
}

async function tell(
  database: CrossTenantDatabase,
  mailer: Mailer,
  claimed: ClaimedNotice,
  storeUrl: SendNoticesOptions['storeUrl'],
): Promise<Told> {
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
): Promise<Told> {
  let told: Told | undefined;
  try {
    return await database.transaction(async (tx) => {
      if (!(await isStillOurs(tx, notice))) return { outcome: 'taken', reason: null };
      // Should the transaction run again, the mail does not.
      told ??= await attempt(tx, mailer, notice, storeUrl);
      await record(tx, notice, told);
      return told;
    });
  } catch (error) {
    if (!told) throw error;
    // The mail has been dealt with and the connection is gone: one that works may still remember it.
    return keep(database, notice, told);
  }
}

/** Locked until the transaction ends. Another attempt counted since means that another sender is at it. */
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
): Promise<Told> {
  const facts = await noticeFacts(tx, notice, storeUrl);
  // Paid, and no pass has closed the episode yet. It may also be a refund away from being owed again, so it stays.
  if (facts.invoices.length === 0 && notice.step !== 'restored')
    return { outcome: 'later', reason: 'nothing is past due right now' };
  const rendered = written(facts);
  if (rendered instanceof Error) return { outcome: 'later', reason: `cannot be written: ${rendered.message}` };
  const { tenant, episode, step, address } = notice;
  const messageId = `notice.${tenant}.${episode}.${step}`;
  return toldOf(await mailer.send({ to: address, ...rendered, messageId }), address);
}

/** A tenant whose zone or currency nobody knows must not keep the others' notices back. */
function written(facts: NoticeFacts): Notice | Error {
  try {
    return renderNotice(facts);
  } catch (error) {
    return error as Error;
  }
}

function toldOf(delivery: Delivery, address: string): Told {
  switch (delivery.outcome) {
    case 'accepted':
      return { outcome: 'handed_over', reason: null };
    case 'refused':
      return { outcome: 'refused', reason: `${refusedAt(address)}${delivery.reason}` };
    case 'trouble':
      return { outcome: 'later', reason: delivery.reason, isServerTrouble: delivery.of === 'server' };
  }
}

async function keep(database: CrossTenantDatabase, notice: NoticeKey, told: Told): Promise<Told> {
  await database.transaction((tx) => record(tx, notice, told));
  return told;
}

/** What was handed over once stays so, whatever a slower sender has to report. */
async function record(tx: CrossTenantTransaction, notice: NoticeKey, { outcome, reason }: Told): Promise<void> {
  const { tenant, episode, step } = notice;
  const isDone = outcome === 'handed_over' || outcome === 'overtaken';
  await tx.execute(sql`
    update billing_notices
       set handed_over_at = case when ${isDone}::boolean then clock_timestamp() + (app.now() - now()) end, last_error = ${reason}
     where tenant_id = ${tenant} and episode_id = ${episode} and step = ${step} and handed_over_at is null`);
}
