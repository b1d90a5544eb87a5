/** Sends recorded notices by mail, if the operator has set up a mail server. */
import type { PassContext, PassEvent } from '#platform/inbox';
import { mailerFrom } from '#platform/mail';
import { sendNotices } from '../../collection/index.js';
import { fenced } from './fence.js';

/** The limit of one pass; the next pass takes the rest. */
const MOST_MAILS = 1_000;

/** Reported at the end of every run: a tenant is suspended only after its notice was mailed, so mail is necessary. */
export const isMailSetUp = ({
  settings,
}: Pick<PassContext, 'settings'>): 'set up' | 'not set up (SMTP_URL, MAIL_FROM)' =>
  settings.SMTP_URL && settings.MAIL_FROM ? 'set up' : 'not set up (SMTP_URL, MAIL_FROM)';

export async function* mailNotices(context: PassContext): AsyncGenerator<PassEvent> {
  const { database, settings, tenant, isDryRun } = context;
  if (isDryRun) return;
  if (isMailSetUp(context) !== 'set up') return;
  const refusal = await fenced(context);
  if (refusal) {
    yield refusal;
    return;
  }
  const mailer = mailerFrom(settings)!;
  const storeUrl = (slug: string) => `https://${slug}.${settings.BASE_DOMAIN}`;
  try {
    for await (const { outcome, step, reason, tenant: of } of sendNotices(database, mailer, {
      limit: MOST_MAILS,
      tenant,
      storeUrl,
    }))
      yield { kind: 'tenant', tenant: of, facts: { notice: step, mail: outcome, reason } };
  } finally {
    mailer.close();
  }
}
