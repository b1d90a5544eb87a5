/**
 * E-mail over SMTP. `send` answers what became of a mail and does not throw for it:
 *
 *   accepted   the server said 250 after the data: delivering it is its business now (RFC 5321, 6.1)
 *   refused    5xx for this recipient or this mail: sending it again would end the same way
 *   trouble    4xx, a lost connection, a login that fails: worth another try
 *
 * SMTP cannot say "at most once": if the connection breaks between the last byte of a mail and the server's 250, the server
 * may have it. So nothing in here sends a mail twice, and `messageId` is the caller's and always the same for the same mail:
 * a receiver recognises a repetition by it (RFC 5322, 3.6.4).
 */
import nodemailer from 'nodemailer';
import type { Settings } from '#platform/config';

export interface MailAttachment {
  readonly filename: string;
  readonly content: Buffer;
  readonly contentType: string;
}

export interface Mail {
  /** One address, without a name. */
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
  readonly attachments?: readonly MailAttachment[];
  /** What stands before the @; the sender's domain follows it. The same mail has the same one, whenever it is sent. */
  readonly messageId: string;
}

export type Delivery =
  | { readonly outcome: 'accepted'; readonly response: string }
  | { readonly outcome: 'refused'; readonly reason: string }
  /** Trouble of the server concerns the next mail as well, that of a recipient (greylisting, a full mailbox) does not. */
  | { readonly outcome: 'trouble'; readonly of: 'recipient' | 'server'; readonly reason: string };

export interface MailTimeouts {
  readonly connectMs: number;
  readonly silenceMs: number;
}

/**
 * Servers look through a mail before they say 250, and giving up on one that is about to say it is how mails come twice
 * (RFC 1047): two minutes, of the ten that RFC 5321 asks for at most, because one-shot work waits for it.
 */
const TIMEOUTS: MailTimeouts = { connectMs: 10_000, silenceMs: 120_000 };

const CONNECTIONS = 2;
const LONGEST_REASON = 300;

/** Undefined when no server is set up; whoever wanted to send says so. */
export function mailerFrom({ SMTP_URL: url, MAIL_FROM: from }: Pick<Settings, 'SMTP_URL' | 'MAIL_FROM'>) {
  return url === undefined || from === undefined ? undefined : new Mailer({ url, from });
}

export class Mailer {
  private readonly transport: ReturnType<typeof transportTo>;
  private readonly from: string;
  private readonly domain: string;

  constructor({ url, from, timeouts = TIMEOUTS }: { url: string; from: string; timeouts?: MailTimeouts }) {
    this.transport = transportTo(new URL(url), timeouts);
    this.from = from;
    this.domain = /@([^@>\s]+)>?\s*$/.exec(from)?.[1] ?? 'localhost';
  }

  async send({ to, subject, text, html, attachments = [], messageId }: Mail): Promise<Delivery> {
    try {
      const { response } = await this.transport.sendMail({
        from: this.from,
        // As an object, so that one address stays one: a comma in it would otherwise make two.
        to: { name: '', address: to },
        subject,
        text,
        ...(html === undefined ? {} : { html }),
        attachments: attachments.map((attachment) => ({ ...attachment })),
        messageId: `<${messageId}@${this.domain}>`,
        // No holiday replies (RFC 3834).
        headers: { 'Auto-Submitted': 'auto-generated' },
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      return { outcome: 'accepted', response: oneLine(response) };
    } catch (error) {
      return failureOf(error as SmtpError);
    }
  }

  close(): void {
    this.transport.close();
  }
}

function transportTo(url: URL, { connectMs, silenceMs }: MailTimeouts) {
  const isSecure = url.protocol === 'smtps:';
  const hasLogin = url.username !== '';
  return nodemailer.createTransport({
    pool: true,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    secure: isSecure,
    // A password must not be had by whoever strips STARTTLS from the conversation.
    requireTLS: hasLogin && !isSecure,
    ...(hasLogin && {
      auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) },
    }),
    maxConnections: CONNECTIONS,
    // The pool would put a mail back into its queue when a connection closes; when one is sent again is the caller’s to say.
    maxRequeues: 0,
    connectionTimeout: connectMs,
    greetingTimeout: connectMs,
    dnsTimeout: connectMs,
    socketTimeout: silenceMs,
  });
}

interface SmtpError extends Error {
  readonly code?: string;
  /** What we had said, as far as SMTP goes: `RCPT TO`, `DATA`; `API` if we never got to say it. */
  readonly command?: string;
  readonly responseCode?: number;
}

const ABOUT_THE_MAIL = new Set(['RCPT TO', 'DATA']);

function failureOf({ message, code, command = '', responseCode }: SmtpError): Delivery {
  const reason = oneLine(message);
  // An address that is none, or a mail larger than the server takes: no server was needed to find out.
  if (responseCode === undefined && (code === 'EENVELOPE' || code === 'EMESSAGE'))
    return { outcome: 'refused', reason };
  const isAboutTheMail = ABOUT_THE_MAIL.has(command) && responseCode !== undefined;
  // A 5xx to the greeting, the login or our own sender address is about us, and stops being one when we are set right.
  if (!isAboutTheMail) return { outcome: 'trouble', of: 'server', reason };
  return responseCode >= 500 ? { outcome: 'refused', reason } : { outcome: 'trouble', of: 'recipient', reason };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, LONGEST_REASON);
}
