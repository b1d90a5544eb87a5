/**
 * E-mail over SMTP. `send` resolves with the outcome of a mail and does not throw for it:
 *
 *   accepted   the server answered 250 after the data and is now responsible for the delivery (RFC 5321, 6.1)
 *   refused    5xx for this recipient or this mail: another attempt would have the same result
 *   trouble    4xx, a lost connection or a failed login: another attempt may succeed
 *
 * SMTP cannot guarantee "at most once": if the connection breaks between the last byte of a mail and the server's 250, the
 * server may have accepted it. So this file never sends a mail twice by itself. The caller chooses `messageId`, always the same
 * one for the same mail, and receivers recognise a repetition by it (RFC 5322, 3.6.4).
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
  /** The part before the @; the sender's domain follows it. Every attempt to send the same mail must use the same one. */
  readonly messageId: string;
}

export type Delivery =
  | { readonly outcome: 'accepted'; readonly response: string }
  | { readonly outcome: 'refused'; readonly reason: string }
  /** `server`: the next mail would fail as well. `recipient` (greylisting, a full mailbox): the next mail may succeed. */
  | { readonly outcome: 'trouble'; readonly of: 'recipient' | 'server'; readonly reason: string };

export interface MailTimeouts {
  readonly connectMs: number;
  readonly silenceMs: number;
}

/**
 * Servers check a mail before they answer 250, and a sender that gives up just before the answer causes a duplicate
 * (RFC 1047). RFC 5321 asks for up to ten minutes; this is two, because one-shot work waits for it.
 */
const TIMEOUTS: MailTimeouts = { connectMs: 10_000, silenceMs: 120_000 };

const CONNECTIONS = 2;
const LONGEST_REASON = 300;

/** Undefined when no mail server is configured; the caller reports that. */
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
        // An object, because a comma in a plain string would make two addresses.
        to: { name: '', address: to },
        subject,
        text,
        ...(html === undefined ? {} : { html }),
        attachments: attachments.map((attachment) => ({ ...attachment })),
        messageId: `<${messageId}@${this.domain}>`,
        // Asks for no automatic replies (RFC 3834).
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
    // Without this, an attacker who removes STARTTLS from the connection would get the password.
    requireTLS: hasLogin && !isSecure,
    ...(hasLogin && {
      auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) },
    }),
    maxConnections: CONNECTIONS,
    // The pool would send a mail again when a connection closes; only the caller may decide to send a mail again.
    maxRequeues: 0,
    connectionTimeout: connectMs,
    greetingTimeout: connectMs,
    dnsTimeout: connectMs,
    socketTimeout: silenceMs,
  });
}

interface SmtpError extends Error {
  readonly code?: string;
  /** The SMTP command that failed: `RCPT TO`, `DATA`; `API` when nodemailer failed before any command. */
  readonly command?: string;
  readonly responseCode?: number;
}

const ABOUT_THE_MAIL = new Set(['RCPT TO', 'DATA']);

function failureOf({ message, code, command = '', responseCode }: SmtpError): Delivery {
  const reason = oneLine(message);
  // An invalid address, or a mail larger than the server accepts: nodemailer refuses these before it sends.
  if (responseCode === undefined && (code === 'EENVELOPE' || code === 'EMESSAGE'))
    return { outcome: 'refused', reason };
  const isAboutTheMail = ABOUT_THE_MAIL.has(command) && responseCode !== undefined;
  // A 5xx to the greeting, the login or our sender address is caused by our configuration and ends when that is corrected.
  if (!isAboutTheMail) return { outcome: 'trouble', of: 'server', reason };
  return responseCode >= 500 ? { outcome: 'refused', reason } : { outcome: 'trouble', of: 'recipient', reason };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, LONGEST_REASON);
}
